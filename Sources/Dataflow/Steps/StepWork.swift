// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
package import Vocabulary

/// A node's own part in a step: the splits that it maps, and the shards that it folds.
package struct StepWork: Sendable {
  package let plan: StepPlan
  /// Attempts that were assigned to this node and are not begun.
  private var toMap: [SplitAttempt] = []
  /// What this node was assigned in this view, in order, with whether it is done: sealed, and the
  /// seals delivered.
  private var assigned: [(attempt: SplitAttempt, isDone: Bool)] = []
  private var doneCount = 0
  /// By attempt that is being mapped: blocks that went to each shard.
  private var mapping: [(attempt: SplitAttempt, blocks: [Int])] = []
  /// By attempt that is mapped: shards that have not delivered its seal.
  private var sealing: [(attempt: SplitAttempt, left: Int)] = []
  private var finished: Set<SplitAttempt> = []
  /// By shard that this node takes part in.
  private var stagings: [(shard: Int, staging: Staging)]
  package var folds: Folds
  /// Bytes that went to scratch here, of blocks and in executors.
  package var spilledBytes = 0
  private let map: ShardMap
  /// What of it is lost here, and why: then nothing more comes of it.
  package private(set) var broken: (part: StepPart, failure: JobFailure, hasDied: Bool)?
  /// Whether runs and tallies were handed over.
  package private(set) var isPrepared = false

  package init(_ plan: StepPlan, shards: [Int], _ map: ShardMap) {
    self.plan = plan
    self.map = map
    let own = plan.purpose == .work ? shards : []
    stagings = own.map { ($0, Staging(splits: plan.splitCount)) }
    folds = Folds(
      own.flatMap { Array(map.partitions(of: $0, count: plan.partitions)) }.sorted(),
      isAligned: plan.isAligned)
    advance()
  }

  /// A block of it is kept.
  package mutating func noteSpilled(_ block: Block) {
    if block.isInFile { spilledBytes += block.count }
  }

  package var shards: [Int] { stagings.map(\.shard) }

  /// What the shard has of the step's splits; nil where this node takes no part in it.
  package func sealed(_ shard: Int) -> SplitSet? {
    stagings.first { $0.shard == shard }?.staging.sealed
  }

  /// This node has no part any more in shards but these.
  package mutating func keep(_ shards: [Int]) {
    let left = stagings.filter { !shards.contains($0.shard) }.map(\.shard)
    guard !left.isEmpty else { return }
    stagings.removeAll { left.contains($0.shard) }
    for shard in left { folds.remove(map.partitions(of: shard, count: plan.partitions)) }
    advance()
  }

  /// What all splits came to, once all are sealed.
  package var input: SplitTally? {
    guard let staging = stagings.first?.staging, staging.isComplete else { return nil }
    return staging.tally
  }

  /// Splits that all shards of this node have, sealed.
  package var sealedSplits: Int { stagings.map(\.staging.sealed.count).min() ?? 0 }
}

/// The map side.
extension StepWork {
  /// Attempts at splits are given to this node.
  package mutating func assign(_ attempts: [SplitAttempt]) {
    toMap += attempts
    assigned += attempts.map { ($0, false) }
  }

  /// A view has begun: what counts as assigned in it is told by `resume`.
  package mutating func suspend() {
    assigned = []
    doneCount = 0
  }

  /// The step goes on in another view, and these attempts remain this node's. What it has mapped,
  /// or is mapping, it goes on with; the rest of what it had is nobody's business any more.
  package mutating func resume(_ attempts: [SplitAttempt], complete: SplitSet) {
    toMap.removeAll { complete.contains($0.split) || !attempts.contains($0) }
    assigned = attempts.map { ($0, finished.contains($0)) }
    doneCount = 0
    countDone()
  }

  /// The next split to be mapped.
  package mutating func nextMap() -> SplitAttempt? {
    guard !toMap.isEmpty else { return nil }
    let attempt = toMap.removeFirst()
    mapping.append((attempt, [Int](repeating: 0, count: map.shards)))
    return attempt
  }

  package var hasMaps: Bool { !toMap.isEmpty }

  /// A block of a split came out of an executor: where it goes.
  package mutating func mapped(
    _ attempt: SplitAttempt, partition: Int, _ block: Block
  ) -> (shard: Int, ShardParcel)? {
    guard let place = mapping.firstIndex(where: { $0.attempt == attempt }),
      partition < plan.partitions
    else { return nil }
    let shard = map.shard(of: partition)
    mapping[place].blocks[shard] += 1
    let entry = ShardEntry.block(key(attempt), partition: partition, records: block.records)
    return (shard, ShardParcel(entry, block))
  }

  /// A split is mapped: the seal for each shard, behind its blocks.
  package mutating func mapped(
    _ attempt: SplitAttempt, _ tally: SplitTally
  ) -> [ShardParcel] {
    guard let place = mapping.firstIndex(where: { $0.attempt == attempt }) else { return [] }
    let blocks = mapping.remove(at: place).blocks
    sealing.append((attempt, blocks.count))
    return blocks.map { ShardParcel(.seal(key(attempt), blocks: $0, tally), nil) }
  }

  /// An attempt failed, and leaves nothing more.
  package mutating func abandon(_ attempt: SplitAttempt) {
    mapping.removeAll { $0.attempt == attempt }
  }

  private func key(_ attempt: SplitAttempt) -> SplitKey {
    SplitKey(step: plan.step, split: attempt.split, attempt: attempt.attempt)
  }

  /// A shard has delivered the seal of an attempt. True where it was the last one.
  package mutating func sealDelivered(_ key: SplitKey, by node: NodeID) -> Bool {
    let attempt = SplitAttempt(split: key.split, attempt: key.attempt, node: node)
    guard let place = sealing.firstIndex(where: { $0.attempt == attempt }) else { return false }
    sealing[place].left -= 1
    guard sealing[place].left == 0 else { return false }
    sealing.remove(at: place)
    finish(attempt)
    return true
  }

  /// Nothing more comes of an attempt: it is sealed everywhere, sampled, or failed.
  package mutating func finish(_ attempt: SplitAttempt) {
    guard finished.insert(attempt).inserted else { return }
    for place in assigned.indices where assigned[place].attempt == attempt {
      assigned[place].isDone = true
    }
    countDone()
  }

  private mutating func countDone() {
    while doneCount < assigned.count, assigned[doneCount].isDone { doneCount += 1 }
  }

  /// How many of the attempts that this node was assigned in this view are done, of the first ones.
  package var doneAttempts: Int { doneCount }
}

/// The shards' side.
extension StepWork {
  /// Whether an entry's bytes are of use to this node.
  package func wants(_ key: SplitKey, shard: Int) -> Bool {
    stagings.first { $0.shard == shard }?.staging.wants(key) ?? false
  }

  package mutating func take(_ key: SplitKey, shard: Int, partition: Int, _ block: Block) {
    guard let place = stagings.firstIndex(where: { $0.shard == shard }) else { return }
    stagings[place].staging.take(key, partition: partition, block)
  }

  package mutating func seal(
    _ key: SplitKey, shard: Int, blocks: Int, _ tally: SplitTally
  ) throws(Staging.Fault) {
    guard let place = stagings.firstIndex(where: { $0.shard == shard }) else { return }
    try stagings[place].staging.seal(key, blocks: blocks, tally)
    advance()
  }

  /// Of an aligned step: hands out the partitions whose inputs are all here.
  mutating func feed(_ run: (StepID, Int) -> HeldRun?) {
    for partition in folds.unfed {
      let inputs = plan.inputs.map { input in
        input.step.flatMap { run($0, partition) }?.blocks
      }
      guard inputs.allSatisfy({ $0 != nil }) else { continue }
      folds.feed(partition, inputs.map { $0 ?? [] })
    }
  }

  /// Hands out what is next in order.
  private mutating func advance() {
    for place in stagings.indices {
      while let blocks = stagings[place].staging.next() {
        for staged in blocks { folds.queue(staged.block, staged.partition) }
      }
    }
    if stagings.allSatisfy({ $0.staging.handedOut == plan.splitCount }) { folds.close() }
  }

  /// What was gathered of a partition is lost, or some block: the step has to begin anew.
  package mutating func breakDown(_ part: StepPart, _ failure: JobFailure, hasDied: Bool) {
    if broken == nil { broken = (part, failure, hasDied) }
  }

  /// Whether an executor has something to do for it, now or soon.
  var hasFolds: Bool { broken == nil && folds.hasOpen }

  /// What executors can do next for it.
  package mutating func nextFold(
    ofAtLeast bytes: Int, _ isOwn: (Int) -> Bool
  ) -> Folds.Turn? {
    broken == nil ? folds.next(ofAtLeast: bytes, isOwn) : nil
  }

  /// All partitions are finished: their runs, once.
  package mutating func prepare() -> [(partition: Int, run: HeldRun)]? {
    guard plan.purpose == .work, broken == nil, !isPrepared, !stagings.isEmpty else { return nil }
    // Also who has no partitions to fold waits for all splits. (guard: finish.all)
    guard stagings.allSatisfy(\.staging.isComplete), folds.isDone else { return nil }
    // guard: finish.once
    isPrepared = true
    return folds.runs
  }
}
