// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
package import Membership
import Memory
import Replication
import Vocabulary

/// Plays a scenario of a whole cluster: the production nodes on one thread, with letters, fabrics,
/// clocks and clients whose every delay is drawn from the seed.
package final class ClusterRun {
  /// What came of a run.
  package struct Outcome: Sendable {
    package let scenario: ClusterScenario
    package let steps: Int
    package let time: UInt64
    package let views: UInt64
    package let operations: Int
    /// Partitions that readers have read.
    package let partitionsRead: Int
    package let violations: [String]
    /// Whether faults took a majority of the last view, or all who held the state: then it waits
    /// for ever, as it has to.
    package let isLost: Bool
    package let marks: Set<MembershipMark>
    /// What happened, line by line; empty unless it was asked for.
    package let trace: [String]
    /// What nodes did in the words of the proofs; empty unless it was asked for.
    package let protocolTrace: [String]
  }

  enum Event {
    case letter(to: Int, from: NodeID, [UInt8])
    case input(to: Int, NodeInput)
    case resume(Int)
    case mend(Int)
    case form(FabricRoom, Rank)
    case report(FabricRoom, peer: Rank, to: Rank)
    case client(Int)
    /// A submitter asks, unless it has planned something else since.
    case submitter(Int, plan: Int)
    /// A reader asks, unless it has planned something else since.
    case reader(Int, plan: Int)
    case told(by: Int, slot: Int, life: Int, number: UInt64, TaskReport)
    case giveUp(Int, request: UInt64)
    /// A member has waited long for the others to come into a room.
    case unformed(FabricRoom, Rank)
  }

  let scenario: ClusterScenario
  /// Whether nodes see what has arrived from their next poll on; then it is checked, too, that who
  /// waits has nothing to do: nothing would wake it.
  let isLate: Bool
  var random: SeededRandom
  var time: UInt64 = 1_000_000
  var steps = 0
  var nodes: [SimulatedNode] = []
  /// In the order of their views.
  var rooms: [FabricRoom] = []
  var events = EventQueue<Event>()
  /// Ways that are cut: from one node to another.
  var cuts: [(from: Int, to: Int, id: Int)] = []
  var losesLettersUntil: UInt64 = 0
  var losesDoorbellsUntil: UInt64 = 0
  private var nextFault = 0
  var clients: [SimulatedClient] = []
  var history: [Operation] = []
  var submitters: [SimulatedSubmitter] = []
  /// By request: its submitter.
  var jobAskers: [UInt64: Int] = [:]
  var readers: [SimulatedReader] = []
  var reading = ReadingChecker()
  /// What jobs have to come to, as far as that was asked.
  var references: [JobID: JobReference] = [:]
  /// Runs that were given up.
  var seenLost: Set<ShardRuns> = []
  /// By request: its reader.
  var readAskers: [UInt64: Int] = [:]
  var requests: UInt64 = 0
  /// By request: its client.
  var askers: [UInt64: Int] = [:]
  /// Requests that a node answered: each is answered once, whether its client still waits or not.
  var answered: Set<UInt64> = []
  /// Requests that were not answered, with the nodes that they were sent to.
  var unanswered: [(request: UInt64, node: Int)] = []
  var agreement = AgreementChecker()
  var marks: Set<MembershipMark> = []
  var names = 0
  /// Faults are over: from now on the cluster has to come to rest.
  var isHealing = false
  private let keepsTrace: Bool
  private let tell: ((String) -> Void)?
  var trace: [String] = []
  /// By role: the latest of its messages that was told of.
  var toldLast: [Role: Version] = [:]
  /// Nil where nobody replays it.
  var protocolTrace: ClusterTrace?
  /// By view: what nodes told of it needs its members.
  var views: [UInt64: View] = [:]

  private static let stepsMaximum = 800_000
  /// How long after the last fault the cluster may need to come to rest: six jobs of up to six
  /// stages may have to wait for each other, and a stage takes up to 0.4 s of slow networks.
  private static let restNanoseconds: UInt64 = 8_000_000_000

  /// `tell` is told at once what happens, for who follows a run.
  package init(
    _ scenario: ClusterScenario, isLate: Bool = false, keepsTrace: Bool = false,
    recordsProtocol: Bool = false, tell: ((String) -> Void)? = nil
  ) {
    self.scenario = scenario
    self.isLate = isLate
    self.keepsTrace = keepsTrace
    self.tell = tell
    protocolTrace = recordsProtocol ? ClusterTrace() : nil
    random = SeededRandom(seed: scenario.seed &+ 77)
    for index in 0..<scenario.nodes { start(seeds: index == 0 ? [] : [address(0)]) }
    let share = scenario.operations / max(1, scenario.clients) + 1
    for index in 0..<scenario.clients {
      let session = NodeID(high: random.next(), low: random.next())
      clients.append(SimulatedClient(index: index, session: session, left: share))
      events.add(.client(index), at: time + UInt64(random.below(10_000_000)))
    }
    makeSubmitters()
    makeReaders()
  }

  /// Plays until all clients have what they want and the cluster is at rest.
  package func play() -> Outcome {
    let last = scenario.faults.map { $0.time + $0.duration }.max() ?? 0
    let calm = time + last + 20_000_000
    while steps < Self.stepsMaximum, agreement.violations.isEmpty {
      if !isHealing, time >= calm { heal() }
      if isHealing, isAtRest { break }
      if time > calm + Self.restNanoseconds { break }
      step()
    }
    if agreement.violations.isEmpty { checkEnd() }
    for node in nodes where node.isAlive { marks.formUnion(node.node.membership.marks) }
    return Outcome(
      scenario: scenario, steps: steps, time: time,
      views: agreement.newest?.number ?? 0, operations: history.filter { $0.end != nil }.count,
      partitionsRead: reading.partitionsRead,
      violations: agreement.violations, isLost: isLost, marks: marks,
      trace: trace, protocolTrace: protocolTrace?.lines ?? [])
  }

  /// One step of somebody or something.
  private func step() {
    steps += 1
    time += UInt64(1_000 + random.below(30_000))
    startFaults()
    while let event = events.next(due: time) { happen(event) }
    let runnable = nodes.indices.filter(isRunnable)
    let hasMoved = random.once(in: 2) ? moveLink() : false
    if hasMoved { return }
    if runnable.isEmpty {
      if !moveLink() { skipTime() }
    } else {
      run(nodes[random.pick(runnable)])
    }
  }

  private func isRunnable(_ index: Int) -> Bool {
    let node = nodes[index]
    guard node.isAlive, node.pausedUntil <= time else { return false }
    if !node.isParked || node.deadline() <= time { return true }
    // News that its doorbell told it of.
    guard let fabric = node.room?.network.fabrics[node.rank.index], node.node.isFormed else {
      return false
    }
    return fabric.hasNews && time >= losesDoorbellsUntil || !fabric.events.isEmpty
  }

  /// Lets a push go on. False where none can.
  private func moveLink() -> Bool {
    for room in random.mixed(rooms) {
      guard let link = room.network.anyMovable() else { continue }
      for _ in 0..<random.pick([1, 1, 4, 30])
      where room.network.underWay(link.source, link.target) > 0 {
        room.network.move(link.source, link.target)
      }
      for violation in room.network.violations { agreement.fail(violation) }
      return true
    }
    return false
  }

  /// Nothing can happen now: goes on to when something can.
  private func skipTime() {
    let wakings = nodes.filter(\.isAlive).map { max($0.deadline(), $0.pausedUntil) }
    let faults = nextFault < scenario.faults.count ? scenario.faults[nextFault].time : .max
    let next = min(wakings.min() ?? .max, events.nextTime ?? .max, faults)
    if next != .max { time = max(time, next) }
  }

  private func startFaults() {
    while nextFault < scenario.faults.count, scenario.faults[nextFault].time <= time {
      begin(scenario.faults[nextFault])
      nextFault += 1
    }
  }

  /// A node takes a step.
  func run(_ node: SimulatedNode) {
    let inputs = node.inputs
    node.inputs.removeAll()
    var effects: [NodeEffect] = []
    let before = node.node.view?.number
    let hasWorked = node.node.step(
      node.clock(time), clock: clock(node), inputs, into: &effects)
    node.isParked = !hasWorked
    observe(node, before)
    if let view = node.node.view { views[view.number] = view }
    for effect in effects { carryOut(effect, of: node) }
    if let view = node.node.view { observe(node, view.number) }
    if node.node.view?.number != before, let view = node.node.view { agreement.enter(view) }
    noteClosing(node)
    checkDigests(node)
    if isLate, node.isParked, node.isAlive, node.inputs.isEmpty { checkRest(node) }
  }

  private func checkRest(_ node: SimulatedNode) {
    var effects: [NodeEffect] = []
    let hasWorked = node.node.step(
      node.clock(time), clock: clock(node), [], into: &effects)
    guard hasWorked || !effects.isEmpty else { return }
    agreement.fail("\(node.record.name) waits, and has something to do: \(effects)")
  }

  /// Equal versions have equal states. Not after each step: a digest reads the whole state.
  private func checkDigests(_ node: SimulatedNode) {
    guard random.once(in: 8) else { return }
    for (role, version, digest) in node.node.digests() {
      agreement.check(role, version, digest: digest, at: node.record.id)
    }
  }

  /// Whether somebody wants to know what happens.
  var isFollowed: Bool { keepsTrace || tell != nil }

  func note(_ text: @autoclosure () -> String) {
    guard isFollowed else { return }
    let line = "\(time / 1000) us, step \(steps): \(text())"
    if keepsTrace { trace.append(line) }
    tell?(line)
  }
}
