// SPDX-License-Identifier: Apache-2.0
import Bench
import Fabrics

/// The replicated catalogue beside other replicated stores: the same operations by the same
/// clients, one store after the other.
enum CatalogueSuite: Suite {
  static let name = "catalogue"
  private static let time = Parameter(name: "milliseconds of a turn", large: 5000, small: 200)
  private static let warmUp = Parameter(name: "of warming up", large: 1000, small: 50)
  static let parameters = [time, warmUp]

  private static let operations = Metric.named("operations", "/s")
  private static let metrics = [
    operations, Metric.named("p50", "us"), Metric.named("p99", "us"),
    Metric.named("cpu/op", "us"),
  ]

  static func run(_ session: Session) throws {
    let stores = Store.allCases.filter { isMeasured($0, session) }
    for work in [StoreWork.set, .read] {
      for bytes in [100, 10 << 10] {
        try run(work, bytes, stores, session)
      }
    }
  }

  private static func isMeasured(_ store: Store, _ session: Session) -> Bool {
    if store.isOurs {
      let transport = store == .shm ? "shm" : "tcp"
      return session.transports.contains { $0.rawValue == transport }
    }
    if session.isSmall { return false }
    guard store.isInstalled else {
      session.reporter.note("\(store.rawValue) is not compared: it is not installed")
      return false
    }
    return true
  }

  /// One table: a kind of work with values of one size, by more and more clients.
  private static func run(
    _ work: StoreWork, _ bytes: Int, _ stores: [Store], _ session: Session
  ) throws {
    let clusters = try stores.map { store in
      try StoreCluster(store, session: session, valueBytes: bytes)
    }
    defer { for cluster in clusters { cluster.end() } }
    for cluster in clusters {
      // Long enough for a compiler that learns while it runs.
      let load = self.load(.set, 16, bytes, session)
      _ = try load.run(on: cluster, first: 0)
    }
    for clients in session.isSmall ? [1, 16] : [1, 4, 16, 64] {
      let load = self.load(work, clients, bytes, session)
      let contestants = clusters.map { cluster in
        // The first client talks to another member each time: some lead, and some pass on.
        var first = 0
        return Contestant(name: cluster.name) {
          first += 1
          return try load.run(on: cluster, first: first)
        }
      }
      let standings = try session.contest(contestants, repetitions: session.isSmall ? 1 : nil)
      show(load, clusters, standings, session)
    }
  }

  private static func load(
    _ work: StoreWork, _ clients: Int, _ bytes: Int, _ session: Session
  ) -> StoreLoad {
    StoreLoad(
      work: work, clients: clients, valueBytes: bytes, warmUp: Double(session[warmUp]) / 1000,
      seconds: Double(session[time]) / 1000)
  }

  /// Each of ours beside each of the others.
  private static func show(
    _ load: StoreLoad, _ clusters: [StoreCluster], _ standings: Standings, _ session: Session
  ) {
    let size = MulticastSuite.label(load.valueBytes)
    let title = "\(load.work.rawValue) \(size)"
    let others = clusters.filter { !$0.store.isOurs }.map(\.name)
    for cluster in clusters where cluster.store.isOurs {
      for metric in metrics {
        for other in others.isEmpty ? [nil] : others.map(Optional.some) {
          session.reporter.show(
            "\(cluster.name) \(title), \(load.clients)", metric, standings[cluster.name],
            against: other, other.map { standings[$0] } ?? [],
            plot: Plot(
              chart: "Catalogue, \(title): \(metric.name)", series: cluster.name,
              category: "\(load.clients)", form: .lines),
            isDrawn: metric.name != "cpu/op")
        }
      }
    }
  }
}
