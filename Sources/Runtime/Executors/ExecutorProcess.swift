// SPDX-License-Identifier: Apache-2.0
import CSystem
import Dataflow
import Exchange
import Fabrics
import Glibc
import Memory
import Vocabulary

/// One executor, as the pool's thread sees it.
final class ExecutorProcess {
  /// A descriptor of the process that is waited for.
  final class Watcher: Watched {
    let descriptor: Int32
    var interest = Interest.reading
    var place: Int?
    private let act: (Epoll.Change) -> Void

    init(_ descriptor: Int32, _ act: @escaping (Epoll.Change) -> Void) {
      self.descriptor = descriptor
      self.act = act
    }

    func ready(_ change: Epoll.Change) { act(change) }
  }

  /// A task that it has taken up.
  struct Task {
    let number: UInt64
    let work: ExecutorTask.Work
    /// Where relative paths begin.
    let directory: String
    var isCancelled = false

    /// What it gathers, where it folds.
    var fold: FoldID? { if case .fold(let id, _, _, _) = work { id } else { nil } }

    /// Whether nothing of it stays gathered.
    var isLastFold: Bool { if case .fold(_, _, _, true) = work { true } else { false } }
  }

  let key: Int
  let slot: Int
  let code: CodeDigest
  private let path: String
  private let settings: ExecutorSettings
  private let arena: Arena
  let area: ExecutorArea
  private let spawned: Spawned
  /// What it told, to be passed on.
  private let tell: (WorkshopInput) -> Void
  private let tellLine: (ExecutorLine) -> Void

  private var cutter = MessageCutter()
  private var outgoing: [UInt8] = []
  private var sent = 0
  private var tail = OutputTail()

  private(set) var hasSaidHello = false
  private(set) var task: Task?
  /// Partitions of which it has gathered something.
  private(set) var gathered: Set<FoldID> = []
  /// Blocks of the arena that it reads, by the number under which they were lent.
  private var loans: [UInt64: Block] = [:]
  private var loanCount: UInt64 = 0
  /// Those of the last map task that it was told of.
  private var knownSamples: [[UInt8]]?
  /// Steps whose records it was told.
  private var knownBroadcasts: Set<StepID> = []
  /// Offsets of blocks in its area that it has lent.
  private var borrowed: Set<UInt64> = []

  private var reason: ExecutorDeath.Reason?
  /// Its end surprises nobody.
  private(set) var isDismissed = false
  private(set) var hasEnded = false

  private var progress: UInt64 = 0
  private var progressed: UInt64
  private let started: UInt64
  private var cancelled: UInt64?
  /// Its stream has ended.
  private var isCut = false
  private var cutAt: UInt64?
  /// When it was asked to end by a signal that it can catch.
  private var abortedAt: UInt64?
  private var watchers: [Watcher] = []
  private var socketWatcher: Watcher?

  init(
    _ key: Int, slot: Int, _ code: CodeDigest, _ path: String, _ settings: ExecutorSettings,
    _ arena: Arena, _ area: ExecutorArea, now: UInt64, tell: @escaping (WorkshopInput) -> Void,
    tellLine: @escaping (ExecutorLine) -> Void
  ) throws(Spawned.Failure) {
    spawned = try Spawned(path, area: area.descriptor, arena, settings)
    self.key = key
    self.slot = slot
    self.code = code
    self.path = path
    self.settings = settings
    self.arena = arena
    self.area = area
    self.tell = tell
    self.tellLine = tellLine
    started = now
    progressed = now
    if let hold = settings.hold { say(.hold(bytes: hold.bytes, scratch: hold.scratch)) }
  }

  func watch(in watch: Watch) {
    let socket = Watcher(spawned.socket.descriptor) { [unowned self] in exchange($0) }
    let output = Watcher(spawned.output.number) { [unowned self] _ in _ = readOutput() }
    let end = Watcher(spawned.ended.number) { [unowned self] _ in finish() }
    socketWatcher = socket
    watchers = [socket, output, end]
    for watcher in watchers { watch.add(watcher) }
  }

  /// Takes all of it out, and lets go of what is its.
  func unwatch(in watch: Watch) {
    for watcher in watchers { watch.remove(watcher) }
    watchers = []
    loans = [:]
  }

  // MARK: Towards the executor

  func start(_ task: ExecutorTask, now: UInt64) {
    let order: TaskOrder.Work
    do {
      try tellBroadcasts(of: task)
      order = try self.order(task.work)
    } catch {
      return tell(.report(slot: slot, number: task.number, .failed(error)))
    }
    let taken = Task(number: task.number, work: task.work, directory: task.job.directory)
    if let fold = taken.fold { gathered.insert(fold) }
    self.task = taken
    progressed = now
    cancelled = nil
    say(
      .task(
        TaskOrder(
          number: task.number, job: task.job, fingerprint: task.fingerprint,
          broadcasts: task.broadcasts.map(\.input), work: order)))
  }

  private func tellBroadcasts(of task: ExecutorTask) throws(JobFailure) {
    for (input, runs) in task.broadcasts where !knownBroadcasts.contains(input.step) {
      var lent: [[LentBlock]] = []
      for blocks in runs { lent.append(try lend(blocks)) }
      say(.broadcast(input.step, lent))
      knownBroadcasts.insert(input.step)
    }
  }

  private func order(_ work: ExecutorTask.Work) throws(JobFailure) -> TaskOrder.Work {
    switch work {
    case .plan: return .plan
    case .list(let branch): return .list(branch)
    case .sample(let branch, let input): return .sample(branch, try ordered(input))
    case .map(let branch, let input, let samples):
      let input = try ordered(input)
      // Equal at once where it is the same array.
      if samples == knownSamples { return .map(branch, input, samples: nil) }
      knownSamples = samples
      return .map(branch, input, samples: samples)
    case .fold(let id, let stage, let blocks, let isLast):
      let lent = try lend(blocks)
      return .fold(id.step, partition: id.partition, stage, lent, isLast: isLast)
    case .align(let id, let stage, let inputs):
      var lent: [[LentBlock]] = []
      for blocks in inputs { lent.append(try lend(blocks)) }
      return .align(id.step, partition: id.partition, stage, lent)
    }
  }

  private func ordered(_ input: MapInput) throws(JobFailure) -> OrderedInput {
    switch input {
    case .files(let ranges): return .files(ranges)
    case .values(let range): return .values(range)
    case .records(let blocks, let skip, let count):
      return .records(try lend(blocks), skip: skip, count: count)
    }
  }

  /// Lends blocks until the executor gives them back, or is gone.
  private func lend(_ blocks: [Block]) throws(JobFailure) -> [LentBlock] {
    var lent: [LentBlock] = []
    let before = loanCount
    for block in blocks {
      let own =
        arena.offset(of: block) == nil
        ? arena.block(copying: block.bytes, records: block.records) : block
      guard let own, let offset = arena.offset(of: own) else {
        for id in before..<loanCount { loans[id + 1] = nil }
        throw arena.isFull
      }
      loanCount += 1
      loans[loanCount] = own
      lent.append(
        LentBlock(id: loanCount, offset: offset, count: own.count, records: own.records))
    }
    return lent
  }

  func say(_ order: ExecutorOrder) {
    var message = ByteBuffer(capacity: 256)
    message.append(message: { $0.append(order) })
    outgoing += Array(message.bytes)
  }

  func forget(_ step: StepID) {
    gathered = gathered.filter { $0.step != step }
    knownBroadcasts.remove(step)
    say(.forget(step))
  }

  func cancel(now: UInt64) {
    guard let task, !task.isCancelled else { return }
    self.task?.isCancelled = true
    cancelled = now
    area.cancel(task.number)
  }

  /// Ends it; nobody is told.
  func dismiss() {
    isDismissed = true
    kill()
  }

  private func kill() { mapred_kill(spawned.process, spawned.ended.number) }

  private func kill(_ reason: ExecutorDeath.Reason) {
    if self.reason == nil { self.reason = reason }
    kill()
  }

  /// Sends what waits; the rest when the socket takes more.
  func flush(_ watch: Watch) {
    guard !isCut, sent < outgoing.count, let socketWatcher, socketWatcher.place != nil
    else { return }
    while sent < outgoing.count {
      let count = spawned.socket.send(outgoing[sent...])
      guard count > 0 else { break }
      sent += count
    }
    if sent == outgoing.count {
      outgoing.removeAll(keepingCapacity: outgoing.capacity <= 1 << 20)
      sent = 0
    }
    socketWatcher.interest.writing = sent < outgoing.count
    watch.update(socketWatcher)
  }

  // MARK: From the executor

  private func exchange(_ change: Epoll.Change) {
    guard change.mayRead || change.isOver else { return }
    if !receive(atMost: 16), !hasEnded {
      // An executor that has closed its socket is of no use, if it lives.
      socketWatcher?.interest = .none
      isCut = true
    }
  }

  /// Reads some pieces; false at the end of the stream.
  private func receive(atMost pieces: Int) -> Bool {
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    for _ in 0..<pieces {
      let count = spawned.socket.receive(into: &piece, piece.count)
      if count < 0 { return errno == EAGAIN }
      if count == 0 { return false }
      piece.withBytes { cutter.append($0[0..<count]) }
      do {
        while let word = try cutter.next({ reader throws(ByteReader.Damaged) in
          try reader.executorWord()
        }) {
          take(word)
        }
      } catch {
        kill(.unreadable)
        return false
      }
      if count < piece.count { return true }
    }
    return true
  }

  private func take(_ word: ExecutorWord) {
    switch word {
    case .hello(let version):
      if version != ExecutorBorder.version { return kill(.otherVersion(version)) }
      hasSaidHello = true
    case .returned(let ids): for id in ids { loans[id] = nil }
    case .report(let number, let report):
      guard hasSaidHello, reason == nil else { return }
      // Whoever waits for another end of the task would wait for ever.
      if let task, task.number == number, !task.work.canReport(report) {
        return kill(.unreadable)
      }
      take(number, report)
    }
  }

  private func take(_ number: UInt64, _ report: ExecutorReport) {
    switch report {
    case .block(let partition, let lent):
      guard let block = borrow(lent) else { return }
      if task?.number == number {
        tell(.report(slot: slot, number: number, .block(partition: partition, block)))
      }
    case .runBlock(let lent):
      guard let block = borrow(lent), task?.number == number else { return }
      if let copy = arena.block(copying: block.bytes, records: block.records) {
        tell(.report(slot: slot, number: number, .runBlock(copy)))
      } else {
        area.cancel(number)
        end(number, .failed(arena.isFull))
      }
    case .planned(let plan, let files): end(number, .planned(plan, files: files))
    case .listed(let files): end(number, .listed(files))
    case .sampled(let samples): end(number, .sampled(samples))
    case .mapped(let tally): end(number, .mapped(tally))
    case .spilled(let bytes):
      if task?.number == number { tell(.report(slot: slot, number: number, .spilled(bytes))) }
    case .folded: end(number, .folded)
    case .finished(let tally): end(number, .finished(tally))
    case .failed(let failure): end(number, .failed(failure.shortened))
    }
  }

  private func borrow(_ lent: LentBlock) -> Block? {
    guard lent.id == UInt64(lent.offset), area.contains(lent), borrowed.insert(lent.id).inserted
    else {
      kill(.unreadable)
      return nil
    }
    return area.block(lent)
  }

  /// A block of its area is not needed any more.
  func free(_ ids: [UInt64]) {
    borrowed.subtract(ids)
    say(.free(ids))
  }

  private func end(_ number: UInt64, _ report: TaskReport) {
    guard let task, task.number == number else { return }
    self.task = nil
    cancelled = nil
    if task.isLastFold, let fold = task.fold { gathered.remove(fold) }
    tell(.report(slot: slot, number: number, report))
  }

  /// Takes in some of what it wrote; false where there is no more at the moment.
  private func readOutput() -> Bool {
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe piece.withUnsafeMutableBytes { raw in
      uninterrupted { unsafe read(spawned.output.number, raw.baseAddress, raw.count) }
    }
    if count <= 0 {
      // Closed by all who could write: told again and again, if it were watched.
      if count == 0 { watchers.first { $0.descriptor == spawned.output.number }?.interest = .none }
      return false
    }
    tail.take(piece[..<count], now: monotonicNanoseconds()) {
      tellLine(ExecutorLine(slot: slot, code: code, text: $0))
    }
    return true
  }

  // MARK: Its end

  /// The process has ended: takes what it left, and tells.
  private func finish() {
    guard !hasEnded else { return }
    // What it has started ends with it.
    kill()
    var bySignal: Int32 = 0
    var number: Int32 = 0
    guard unsafe mapred_reap(spawned.ended.number, &bySignal, &number) == 1 else { return }
    hasEnded = true
    _ = receive(atMost: 64)
    // What it started may go on writing: what is there now is enough.
    for _ in 0..<16 where readOutput() {}
    tail.finish { tellLine(ExecutorLine(slot: slot, code: code, text: $0)) }
    guard !isDismissed else { return }
    let death = ExecutorDeath(
      path: path, hasSaidHello: hasSaidHello, isWorking: task != nil,
      memoryBytes: settings.memoryBytes, tail: tail.last)
    var failure = death.failure(bySignal != 0 ? .signal(number) : .exit(number), reason)
    if let task {
      failure.location = area.stage(of: task.number)
      failure.record = area.record(of: task, as: settings.user)
    }
    task = nil
    tell(.died(slot: slot, code, failure))
  }

  /// Ends it where it has had its time; when to look again.
  func look(now: UInt64) -> UInt64 {
    if isCut {
      let since = cutAt ?? now
      cutAt = since
      if now >= since + settings.graceNanoseconds { kill(.unreadable) }
      return max(since, now) + settings.graceNanoseconds
    }
    if !hasSaidHello {
      let limit = started + settings.helloNanoseconds
      if now >= limit { kill(.silent) }
      return max(limit, now + settings.helloNanoseconds / 8)
    }
    if let abortedAt {
      let limit = abortedAt + settings.graceNanoseconds
      if now >= limit { kill() }
      return max(limit, now + settings.graceNanoseconds / 8)
    }
    guard task != nil else { return .max }
    if let cancelled {
      let limit = cancelled + settings.graceNanoseconds
      if now >= limit { kill(.disobedient) }
      return max(limit, now + settings.graceNanoseconds / 8)
    }
    let seen = area.progress
    if seen != progress {
      progress = seen
      progressed = now
    }
    if now >= progressed + settings.deadlineNanoseconds {
      // It may still tell where it stands.
      reason = .hung(nanoseconds: settings.deadlineNanoseconds)
      abortedAt = now
      mapred_abort(spawned.ended.number)
      return now + settings.graceNanoseconds
    }
    return now + max(settings.deadlineNanoseconds / 8, 1_000_000)
  }
}

extension Arena {
  /// There is no room for a block.
  var isFull: JobFailure {
    if let failure { return JobFailure(failure) }
    return JobFailure(
      exitCode: 69, code: "unavailable",
      message: "the memory of a node for blocks and results is full "
        + "(\(ByteCount(takenBytes)) of \(ByteCount(byteCount)))",
      advice: "give the node more memory (memory.limit), or the cluster more nodes")
  }
}
