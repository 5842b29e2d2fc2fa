// SPDX-License-Identifier: Apache-2.0

/// What goes wrong in a run, and when. Nodes are named by the order in which they were started,
/// modulo how many there are: so a fault keeps its meaning when others are taken away.
package struct Fault: Hashable, Sendable, CustomStringConvertible {
  package enum Kind: String, CaseIterable, Sendable {
    /// A node's process ends; the others hear of it soon.
    case crash
    /// A crash, and soon after a new node of the same name.
    case restart
    /// A node does not run for a while.
    case pause
    /// Everything from one node to another is held up for a while.
    case cut
    /// Some nodes are apart from the others for a while, both ways.
    case partition
    /// The same, but only one way.
    case oneWay = "one-way"
    /// A fabric's link breaks though both nodes live.
    case breakLink = "break-link"
    /// A node's clock jumps ahead.
    case clock
    /// Letters are lost, and some come twice, for a while.
    case letters
    /// Doorbells are lost: who is parked sleeps until its time is over.
    case doorbell
    case join
    case leave
    /// An executor of a node dies.
    case executor
  }

  package let kind: Kind
  /// Nanoseconds from the beginning.
  package let time: UInt64
  package let first: Int
  package let second: Int
  /// How long it lasts, in nanoseconds.
  package let duration: UInt64

  package var description: String {
    "\(kind.rawValue) at \(time / 1000) us, nodes \(first) and \(second), for \(duration / 1000) us"
  }
}

/// A run of a cluster, drawn from its seed.
package struct ClusterScenario: Hashable, Sendable {
  package let seed: UInt64
  /// Nodes that found the cluster.
  package let nodes: Int
  package let shards: Int
  /// Nodes are spread over so many hosts; those of one share memory.
  package let hosts: Int
  package let clients: Int
  /// Operations of all clients together.
  package let operations: Int
  /// Jobs, where there are shards.
  package let jobs: Int
  /// Clients that read results while jobs run.
  package let readers: Int
  /// Versions of each result that are kept.
  package let versions: Int
  package var faults: [Fault]

  /// Heartbeats and patience of simulated nodes: as those of real ones, in shorter time.
  static let heartbeat: UInt64 = 2_000_000
  static let suspectAfter: UInt64 = 20_000_000

  package init(seed: UInt64, nodes: Int, kinds: [Fault.Kind] = Fault.Kind.allCases) {
    var random = SeededRandom(seed: seed)
    self.seed = seed
    self.nodes = nodes
    shards = random.pick([0, 1, 2, 3])
    hosts = random.pick([1, 2, 3, 1_000])
    clients = random.number(in: 1...4)
    operations = random.pick([20, 60, 150, 300])
    jobs = random.pick([0, 1, 2, 6])
    var faults: [Fault] = []
    if !kinds.isEmpty {
      let length = random.pick([60, 150, 300])
      let most = random.pick([3, 6, 6, 20])
      for _ in 0..<random.number(in: 0...most) {
        faults.append(
          Fault(
            kind: random.pick(kinds), time: UInt64(random.below(length)) * 1_000_000,
            first: random.below(1000), second: random.below(1000),
            duration: UInt64(random.pick([1, 5, 15, 30, 60])) * 1_000_000))
      }
    }
    self.faults = faults.sorted { $0.time < $1.time }
    readers = random.pick([0, 1, 2, 4])
    versions = random.pick([1, 2, 10])
  }
}
