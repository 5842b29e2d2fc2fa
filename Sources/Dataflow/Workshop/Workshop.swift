// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Replication
package import Vocabulary

/// A node's part in jobs: what it maps and folds, the runs that it holds, and, where it is the
/// first coordinator, the scheduler.
///
/// A value that is stepped. Messages to all members, parcels for shards and commands for the
/// coordinators collect in queues, which the node empties as far as there is room.
package struct Workshop: Sendable {
  package let node: NodeID
  let slots: Int
  private let retention: Retention
  /// The most bytes of a message or parcel.
  let byteMaximum: Int
  /// Bytes of a partition's blocks that are folded before splits are mapped.
  let foldBytes: Int
  let memory: any BlockSource
  package private(set) var view: ClusterView?
  package internal(set) var board = Board()
  /// The latest step that this node has heard of.
  var latest = StepID(0)
  /// By lane.
  var works: [StepWork?] = Array(repeating: nil, count: Limits.lanes)
  package internal(set) var shelf = Shelf()
  /// Runs of other nodes' shards that closures here are handed.
  var broadcasts = BroadcastShelf()
  package internal(set) var scheduler: Scheduler?
  /// By slot.
  var running: [Running?]
  /// By slot: the job that its executor worked for last.
  var served: [JobID?]
  package internal(set) var output = OutputBook()
  var taskCount: UInt64 = 0
  /// The lane whose turn is next.
  var turn = 0
  var errands: [(Errand, JobSpec)] = []
  var codes: Set<CodeDigest> = []
  var codeSupply = CodeSupply()
  /// Executables that this node has asked for, and that have not come.
  var wantedCodes: [CodeDigest] = []
  var supply = Supply()
  /// Whether it has told that it lacks runs, and not yet that they came.
  var isLacking = false

  /// To all members.
  package var messages = Outflow<ControlMessage> { $0.weight }
  /// By shard: to its replicas.
  package var parcels: [Outflow<ShardParcel>] = []
  /// To the coordinators, in order.
  private var commands: [JobCommand] = []
  /// Shards of which this node has all runs that are needed, as far as it knows.
  package internal(set) var stocked: [Int] = []
  /// What this node tells in the state table.
  package internal(set) var cells: [LaneCells]

  /// Bytes of parcels that wait before no more splits are begun.
  static let parcelBytes = 32 << 20

  /// `byteMaximum`: the most bytes that subgroups take as one message.
  package init(
    _ node: NodeID, slots: Int, retention: Retention, byteMaximum: Int, foldBytes: Int,
    memory: any BlockSource
  ) {
    self.node = node
    self.byteMaximum = byteMaximum
    self.foldBytes = foldBytes
    self.slots = slots
    self.retention = retention
    self.memory = memory
    running = Array(repeating: nil, count: slots)
    served = Array(repeating: nil, count: slots)
    cells = Array(repeating: LaneCells(), count: Limits.lanes)
  }

  /// A view begins. `coordination` is what the coordinators know, where this node is one.
  package mutating func begin(
    _ view: ClusterView, _ coordination: Coordination?, _ time: Time,
    into effects: inout [WorkshopEffect]
  ) {
    self.view = view
    board.beginView(view)
    while parcels.count < view.receivers.count { parcels.append(Outflow { $0.byteCount }) }
    messages.drop { !$0.outlivesView }
    commands.removeAll()
    cells = Array(repeating: LaneCells(), count: Limits.lanes)
    supply = Supply()
    isLacking = false
    codeSupply = CodeSupply()
    wantedCodes = []
    stocked = []
    for lane in works.indices where works[lane] != nil && board.lanes[lane] == nil {
      discard(lane, into: &effects)
    }
    for lane in works.indices { goOn(lane, view) }
    scheduler = nil
    if view.scheduler == node, let coordination {
      var orders = Orders()
      scheduler = Scheduler(
        node, view, board: board, coordination: coordination, retention: retention, time,
        into: &orders)
      obey(orders)
    } else {
      errands.removeAll()
    }
  }

  /// Goes on with a step of an earlier view.
  private mutating func goOn(_ lane: Int, _ view: ClusterView) {
    guard let step = board.lanes[lane] else { return }
    cells[lane].ordinal = step.ordinal
    // Shards that it has left go on without it, maybe to other runs. (guard: supply.sound)
    shelf.keep(step.plan.step, view.map) { step.hasPart(node, in: $0) }
    works[lane]?.keep(view.shards(of: node))
    works[lane]?.suspend()
    for (shard, replicas) in step.participants.enumerated() where replicas.first == node {
      guard let sealed = works[lane]?.sealed(shard) else { continue }
      messages.append(.held(step.plan.step, shard: shard, sealed))
    }
    if works[lane]?.isPrepared == true { publish(lane, step) }
    // The scheduler that was told of it may be gone, with what it had decided.
    if let (part, failure, hasDied) = works[lane]?.broken {
      messages.append(.failed(step.plan.step, part, failure, hasDied: hasDied))
    }
  }

  /// A turn: the scheduler's decisions, new tasks for executors, cells.
  package mutating func step(
    _ coordination: Coordination?, _ table: some StepTable, _ time: Time,
    into effects: inout [WorkshopEffect]
  ) {
    if scheduler != nil, let coordination {
      var orders = Orders()
      scheduler?.step(board, coordination, table, time, into: &orders)
      obey(orders)
    }
    for lane in works.indices {
      works[lane]?.feed { shelf.run($0, $1) }
      prepare(lane)
    }
    startTasks(into: &effects)
  }

  /// The commands that were made since the last call.
  package mutating func takeCommands() -> [JobCommand] {
    defer { commands.removeAll(keepingCapacity: true) }
    return commands
  }

  mutating func obey(_ orders: Orders) {
    for message in orders.messages { messages.append(message) }
    commands += orders.commands
    errands += orders.errands
  }

  /// Hands a report to the scheduler.
  mutating func tell(_ report: ErrandReport, of errand: Errand, _ time: Time) {
    var orders = Orders()
    scheduler?.take(report, of: errand, clock: time.clock, into: &orders)
    obey(orders)
  }

  mutating func tellScheduler(_ message: ControlMessage, from sender: NodeID, _ time: Time) {
    var orders = Orders()
    scheduler?.take(message, from: sender, clock: time.clock, into: &orders)
    obey(orders)
  }

  /// Whether some step is under way or some errand: then executors are kept.
  package var isIdle: Bool {
    errands.isEmpty && works.allSatisfy { $0 == nil } && running.allSatisfy { $0 == nil }
  }

  /// The lane of a step that this node works on.
  func lane(of step: StepID) -> Int? { works.firstIndex { $0?.plan.step == step } }

  /// All that this node does for a step is of no use any more.
  mutating func discard(_ lane: Int, into effects: inout [WorkshopEffect]) {
    guard let step = works[lane]?.plan.step else { return }
    works[lane] = nil
    for slot in running.indices where running[slot]?.purpose.step == step {
      effects.append(.cancel(slot: slot))
    }
    for shard in parcels.indices { parcels[shard].drop { $0.entry.isOf(step) } }
    effects.append(.forget(step))
  }

  /// Where all of this node's part in a step is finished: keeps the runs, and tells of them.
  private mutating func prepare(_ lane: Int) {
    // guard: prepare.begun
    guard let step = board.lanes[lane], !step.isSuspended, let runs = works[lane]?.prepare() else {
      return
    }
    for (partition, run) in runs { shelf.put(run, step.plan.step, partition) }
    publish(lane, step)
  }

  /// Tells what a finished step came to.
  private mutating func publish(_ lane: Int, _ step: Board.Step) {
    guard let work = works[lane], let map = view?.map else { return }
    let plan = step.plan
    cells[lane].input = work.input ?? SplitTally()
    for partition in 0..<plan.partitions {
      cells[lane].tallies[partition] = shelf.run(plan.step, partition)?.tally ?? RunTally()
    }
    cells[lane].spilledBytes = work.spilledBytes
    cells[lane].prepared = step.ordinal
    guard plan.counters > 0 else { return }
    for (shard, replicas) in step.participants.enumerated() where replicas.first == node {
      let runs = map.partitions(of: shard, count: plan.partitions).map { partition in
        shelf.run(plan.step, partition)?.tally.counters ?? []
      }
      messages.append(
        .counted(plan.step, shard: shard, splits: cells[lane].input.counters, runs: runs))
    }
  }
}

/// What a node tells of a lane in the state table.
package struct LaneCells: Hashable, Sendable {
  /// Counts the steps of the lane in this view: whose counts they are.
  package internal(set) var ordinal: UInt64 = 0
  /// Attempts assigned in this view that are done, of the first ones.
  package internal(set) var mapped = 0
  /// Splits that all of the node's shards have, sealed.
  package internal(set) var sealed = 0
  package internal(set) var prepared: UInt64 = 0
  /// Bytes that went to scratch at the node.
  package internal(set) var spilledBytes = 0
  package internal(set) var input = SplitTally()
  /// By partition.
  package internal(set) var tallies = [RunTally](repeating: RunTally(), count: Limits.partitions)
}

extension ShardEntry {
  /// Whether it is about the mapping of a step.
  func isOf(_ step: StepID) -> Bool {
    switch self {
    case .block(let key, _, _), .seal(let key, _, _): key.step == step
    case .run: false
    }
  }
}
