// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

extension Scheduler {
  /// Brings a job on as far as it goes.
  mutating func advance(
    _ place: Int, _ board: Board, _ coordination: Coordination, _ table: some StepTable,
    _ time: Time, into orders: inout Orders
  ) {
    if !runs[place].unspread.isEmpty { spread(place, into: &orders) }
    switch runs[place].phase {
    case .planning, .listing, .comparing, .failing: break
    case .beginning:
      guard coordination.jobs[runs[place].id]?.attempt == runs[place].attempt else { return }
      runs[place].phase = .ready
      begin(place, board, coordination, time, into: &orders)
    case .ready: begin(place, board, coordination, time, into: &orders)
    case .sampling(let step, let sampling):
      guard let known = board[step] else { return }
      sample(place, known, sampling, table, time, into: &orders)
    case .working(let step, let work):
      // guard: decide.board
      guard let known = board[step] else { return }
      self.work(place, known, work, table, time, into: &orders)
    case .committing(let step):
      // The stage is committed once the coordinators say so. (guard: drop.told, decide.once)
      guard let job = coordination.jobs[runs[place].id], job.stages.count > runs[place].stage
      else { return }
      orders.messages.append(.drop(step))
      // More than one, where rounds behind it are not run.
      runs[place].stage = job.stages.count
      runs[place].samples = nil
      runs[place].phase = .ready
      begin(place, board, coordination, time, into: &orders)
    }
  }

  /// Begins the next stage, where nothing is in its way.
  private mutating func begin(
    _ place: Int, _ board: Board, _ coordination: Coordination, _ time: Time,
    into orders: inout Orders
  ) {
    guard let plan = runs[place].plan, runs[place].stage < plan.stages.count else { return }
    if !runs[place].unlisted.isEmpty { return list(place, into: &orders) }
    runs[place].waits = obstacle(place, plan, coordination)
    guard runs[place].waits == nil, let lane = lane(place, board) else { return }
    runs[place].lane = lane
    if coordination.jobs[runs[place].id]?.attempt != runs[place].attempt {
      orders.commands.append(
        .begin(runs[place].id, attempt: runs[place].attempt, plan, clock: time.clock))
      // What it reads follows from the coordinators' order alone.
      if !plan.resultInputs.isEmpty {
        runs[place].phase = .beginning
        return
      }
    }
    let inputs = self.inputs(place, plan, coordination)
    runs[place].broadcasts = broadcasts(place, plan, coordination)
    let stage = plan.stages[runs[place].stage]
    if stage.isSampled, runs[place].samples == nil, inputs.contains(where: { !$0.splits.isEmpty }) {
      beginSampling(place, plan, inputs, into: &orders)
    } else {
      beginWork(place, plan, inputs, time, into: &orders)
    }
  }

  /// Why the next stage cannot begin; nil where it can.
  private func obstacle(
    _ place: Int, _ plan: PlanDescription, _ coordination: Coordination
  ) -> String? {
    if let inadequacy = view.inadequacy { return inadequacy }
    guard runs[place].lane == nil else { return nil }
    let names = plan.outputs.map(\.name)
    for other in runs where other.id != runs[place].id && other.lane != nil {
      let both = other.plan?.outputs.first { names.contains($0.name) }
      if let both { return "job \(other.id) is making the result \(both.name)" }
    }
    let earlier = runs.contains { $0.id < runs[place].id && $0.lane == nil && $0.waits == nil }
    let isCrowded = runs.count { $0.lane != nil } >= Limits.lanes || earlier
    return isCrowded ? "\(Limits.lanes) jobs run already" : nil
  }

  /// The lane of a job: its own, or one that no other has.
  private func lane(_ place: Int, _ board: Board) -> Int? {
    if let lane = runs[place].lane { return lane }
    return (0..<Limits.lanes).first { lane in
      board.lanes[lane] == nil && !runs.contains { $0.lane == lane }
    }
  }

  /// What the next stage reads.
  private func inputs(
    _ place: Int, _ plan: PlanDescription, _ coordination: Coordination
  ) -> [StepInput] {
    let run = runs[place]
    let stage = plan.stages[run.stage]
    return stage.branches.enumerated().map { index, branch in
      let job = coordination.jobs[run.id]
      switch branch.input {
      case .stage(let earlier):
        if let made = job?.stages[earlier.index] {
          // Each holder makes its partitions of those that it has.
          if stage.isAligned { return StepInput(step: made.step, splits: []) }
          return StepInput(of: made.step, made.runs)
        }
      case .result(let input):
        if let read = job?.version(of: input) { return StepInput(of: read.step, read.runs) }
      case .files, .values: break
      }
      let files = run.files[BranchID(stage.id, index)] ?? []
      return StepInput(step: nil, splits: branch.input.splits(files: files))
    }
  }

  /// What the closures of the next stage are handed.
  private func broadcasts(
    _ place: Int, _ plan: PlanDescription, _ coordination: Coordination
  ) -> [BroadcastInput] {
    let run = runs[place]
    return plan.stages[run.stage].broadcasts.compactMap { stage in
      guard let made = coordination.jobs[run.id]?.stages[stage.index] else { return nil }
      return BroadcastInput(stage: stage, step: made.step, partitions: made.runs.count)
    }
  }

  /// Says who sends to all what the closures of a step are handed: for each shard, one that has it.
  /// Where nobody has told yet what it has, that is said later.
  private mutating func spread(_ place: Int, into orders: inout Orders) {
    var left: [BroadcastInput] = []
    for input in runs[place].unspread {
      let givers = view.receivers.indices.compactMap { giver(input, $0) }
      guard givers.count == view.receivers.count else {
        left.append(input)
        continue
      }
      orders.messages.append(
        .spread(input.step, partitions: input.partitions, givers: givers))
    }
    runs[place].unspread = left
  }

  /// Who sends what a shard has of it; nil where that is not known.
  private func giver(_ input: BroadcastInput, _ shard: Int) -> NodeID? {
    // Nothing of it lies there.
    if shard >= input.partitions { return node }
    if let holders = holders[input.step] { return holders[shard].first }
    let runs = ShardRuns(step: input.step, shard: shard)
    return view.members.indices.first { stock.holds($0, runs) }.map { view.members[$0] }
  }

  private mutating func beginSampling(
    _ place: Int, _ plan: PlanDescription, _ inputs: [StepInput], into orders: inout Orders
  ) {
    let sampled = StepInput.sampled(inputs)
    let step = announce(place, plan, .sample, sampled, samples: [], into: &orders)
    let count = sampled.reduce(0) { $0 + $1.splits.count }
    let keys = [[[UInt8]]?](repeating: nil, count: count)
    runs[place].phase = .sampling(step, Sampling(keys: keys, assigning: nil))
  }

  private mutating func beginWork(
    _ place: Int, _ plan: PlanDescription, _ inputs: [StepInput], _ time: Time,
    into orders: inout Orders
  ) {
    let samples = runs[place].samples ?? []
    let step = announce(place, plan, .work, inputs, samples: samples, into: &orders)
    let shards = view.receivers.count
    runs[place].phase = .working(
      step,
      Working(
        assigning: nil, held: [], isResumed: true, began: time.now,
        counted: Array(repeating: nil, count: shards)))
  }

  /// Tells all members of a step.
  private mutating func announce(
    _ place: Int, _ plan: PlanDescription, _ purpose: StepPlan.Purpose,
    _ inputs: [StepInput], samples: [[UInt8]], into orders: inout Orders
  ) -> StepID {
    let step = nextStep()
    let run = runs[place]
    let announced = StepPlan(
      step: step, lane: run.lane ?? 0, purpose: purpose, job: run.id, attempt: run.attempt,
      spec: run.spec, stage: StageID(run.stage), fingerprint: plan.fingerprint,
      partitions: plan.stages[run.stage].partitions, counters: plan.counterCount,
      isAligned: plan.stages[run.stage].isAligned, inputs: inputs, broadcasts: run.broadcasts,
      samples: samples)
    orders.messages.append(.begin(announced))
    runs[place].unspread = announced.broadcasts
    return step
  }

  /// Asks for the files of all inputs that are still to come.
  mutating func list(_ place: Int, into orders: inout Orders) {
    let unlisted = runs[place].unlisted
    runs[place].phase = unlisted.isEmpty ? .ready : .listing(left: unlisted.count)
    for branch in unlisted {
      orders.errands.append((.list(runs[place].id, branch), runs[place].spec))
    }
  }

  private mutating func sample(
    _ place: Int, _ step: Board.Step, _ sampling: Sampling, _ table: some StepTable,
    _ time: Time, into orders: inout Orders
  ) {
    if let keys = sampling.all {
      orders.messages.append(.drop(step.plan.step))
      runs[place].samples = keys
      runs[place].phase = .ready
      return
    }
    var sampling = sampling
    var assigning = sampling.assigning ?? Assigning(step, members: view.members, now: time.now)
    assign(&assigning, step, table, time, into: &orders)
    sampling.assigning = assigning
    runs[place].phase = .sampling(step.plan.step, sampling)
  }

  /// Gives splits to whoever has room for them.
  func assign(
    _ assigning: inout Assigning, _ step: Board.Step, _ table: some StepTable, _ time: Time,
    into orders: inout Orders
  ) {
    for (rank, node) in view.members.enumerated() {
      let done = table.mapped(step.plan.lane, ordinal: step.ordinal, of: node)
      assigning.advance(rank, done: done, time.now)
    }
    let room = view.members.map { 2 * table.slots(of: $0) }
    let attempts = assigning.next(view.members, room: room, time.now) { rank, split in
      mayMap(rank, step.plan, split)
    }
    if !attempts.isEmpty { orders.messages.append(.assign(step.plan.step, attempts)) }
  }

  /// Whether a member can read a split: files all can, records those who have them.
  private func mayMap(_ rank: Int, _ plan: StepPlan, _ split: Int) -> Bool {
    let (_, input, description) = plan.split(split)
    guard case .records(let partition, _) = description, let input else { return true }
    let shard = view.map.shard(of: partition)
    if let holders = holders[input] { return holders[shard].contains(view.members[rank]) }
    return stock.holds(rank, ShardRuns(step: input, shard: shard))
  }
}
