// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
package import Exchange
import Fabrics
import Glibc
import Memory
import Replication
import Vocabulary

/// What a node's process needs for jobs: memory for blocks, executors, and the executables that
/// they run.
final class JobDesk {
  let arena: Arena
  let code: CodeStore
  private let pool: ExecutorPool
  private var told: [WorkshopInput] = []
  private let tell: (String) -> Void
  private let keepBytes: Int
  /// Executables that came from clients, and are spread once they are known to be right.
  private var brought: Set<CodeDigest> = []
  /// Executables on their way to the others.
  private var spreading: [(code: CodeDigest, file: LargeFile)] = []

  init(
    _ settings: NodeSettings, _ id: NodeID, rouse: @escaping @Sendable () -> Void,
    tell: @escaping (String) -> Void
  ) throws(FabricError) {
    self.tell = tell
    keepBytes = settings.executorKeepBytes
    let shares = MemoryShares(of: settings.memoryBytes, slots: settings.slots)
    arena = try Arena(byteCount: shares.arena, scratch: settings.scratchDirectory)
    let parent = settings.executorDirectory
    code = CodeStore(try CodeDirectory(of: id.text, in: parent), rouse: rouse)
    // There may be much of it: the node need not wait.
    try SystemThread { CodeDirectory.removeAbandoned(in: parent) }.detach()
    var executors = ExecutorSettings(slots: settings.slots)
    executors.memoryBytes = settings.executorMemoryBytes
    executors.areaBytes = shares.area
    executors.hold = ExecutorSettings.Hold(
      bytes: min(shares.executor, settings.executorMemoryBytes ?? .max),
      scratch: settings.scratchDirectory)
    executors.deadlineNanoseconds = settings.executorDeadlineNanoseconds
    executors.user = try Self.user(settings.executorUser)
    pool = try ExecutorPool(executors, arena: arena, rouse: rouse)
  }

  /// Whom executors run as: root's run as somebody who may do little.
  private static func user(_ name: String) throws(FabricError) -> ExecutorUser? {
    guard getuid() == 0, name != "root" else { return nil }
    guard let user = ExecutorUser(named: name) else {
      throw FabricError(
        .configuration, "this host has no user \(name) for executors",
        advice: "set executor.user to one that it has")
    }
    return user
  }

  /// What executors have told since the last call, and what became of executables. Of those that
  /// are spread, a piece at a time, where there is room for it.
  func take(
    into inputs: inout [NodeInput], hasRoom: Bool, isNeeded: (CodeDigest) -> Bool
  ) {
    pool.take(into: &told)
    for input in told { inputs.append(.jobs(input)) }
    told.removeAll(keepingCapacity: true)
    for line in pool.takeLines().lines {
      tell("executor \(line.slot): \(line.text)")
      inputs.append(.jobs(.line(slot: line.slot, line.text)))
    }
    for (digest, problem) in code.news() {
      let isNew = brought.remove(digest) != nil
      if let problem { tell(problem) } else { inputs.append(.jobs(.hasCode(digest, isNew: isNew))) }
    }
    for digest in code.shrink(to: keepBytes, isNeeded: isNeeded) {
      tell("the executable \(digest) is not kept any longer")
      inputs.append(.jobs(.lacksCode(digest)))
    }
    guard hasRoom, let (digest, file) = spreading.first else { return }
    let offset = file.offset
    if let piece = file.next(CodeStore.pieceBytes) {
      inputs.append(.jobs(.codePiece(digest, size: file.size, offset: offset, piece)))
      if file.isWhole { spreading.removeFirst() }
    } else {
      tell("the executable \(digest) cannot be read from byte \(offset) on: it is not passed on")
      spreading.removeFirst()
    }
  }

  func carryOut(_ effect: WorkshopEffect, into inputs: inout [NodeInput]) {
    switch effect {
    case .start(let slot, let task):
      code.use(task.job.code)
      pool.start(slot, task, executable: code.path(task.job.code))
    case .cancel(let slot): pool.cancel(slot)
    case .forget(let step): pool.forget(step)
    case .keepCode(let digest, let size, let offset, let bytes):
      switch code.take(digest, size: size, offset: offset, bytes) {
      case .failed(let reason): tell(reason)
      case .wants, .whole: break
      }
    case .readCode(let digest):
      // Who asks may have joined when the first pieces had gone out: from the beginning again.
      // Who has them passes them over.
      spreading.removeAll { $0.code == digest }
      if let file = code.open(digest) { spreading.append((digest, file)) }
    case .note(let text): tell(text)
    }
  }

  /// A client asks about an executable, or brings a piece of it.
  func answer(_ request: CodeRequest, into inputs: inout [NodeInput]) -> Reply {
    switch request {
    case .find(let digest):
      // A job of it is about to come.
      code.use(digest)
      return .outcome(.done([code.has(digest) ? 1 : 0]))
    case .keep(let digest, let size, let offset, let bytes):
      switch code.take(digest, size: size, offset: offset, bytes) {
      case .whole:
        brought.insert(digest)
        return .outcome(.done([1]))
      case .wants: return .outcome(.done([0]))
      case .failed(let reason): return .outcome(.refused(reason))
      }
    }
  }

  func close() {
    pool.close()
    code.close()
  }
}

/// What a client asks a node's process about executables, apart from what it asks the node.
package enum CodeRequest: Sendable {
  case find(CodeDigest)
  case keep(CodeDigest, size: Int, offset: Int, [UInt8])

  package var encoded: [UInt8] {
    var out = ByteBuffer(capacity: 64)
    switch self {
    case .find(let digest):
      out.append(32 as UInt8)
      out.append(digest)
    case .keep(let digest, let size, let offset, let bytes):
      out.append(33 as UInt8)
      out.append(digest)
      out.appendVarint(UInt64(size))
      out.appendVarint(UInt64(offset))
      bytes.withBytes { out.append($0) }
    }
    return Array(out.bytes)
  }

  init?(_ frame: ArraySlice<UInt8>) {
    guard let first = frame.first, first == 32 || first == 33 else { return nil }
    let read = Array(frame.dropFirst()).withBytes { bytes -> CodeRequest? in
      var reader = ByteReader(bytes)
      guard let digest = try? reader.codeDigest() else { return nil }
      if first == 32 { return reader.isAtEnd ? .find(digest) : nil }
      guard let size = try? reader.number(), let offset = try? reader.number(),
        let rest = try? reader.take(reader.remaining)
      else { return nil }
      return .keep(digest, size: size, offset: offset, Array(rest))
    }
    guard let read else { return nil }
    self = read
  }
}
