// SPDX-License-Identifier: Apache-2.0
import Memory
import Synchronization

/// The broadcasts that a stage reads, as this process has them: each is made once, by whoever needs
/// it first.
@usableFromInline final class BroadcastValues: Sendable {
  private let runs: [ObjectIdentifier: [Run]]
  private let made = Mutex<[ObjectIdentifier: any Sendable]>([:])

  /// `runs`: by stage that is read.
  init(_ runs: [(stage: StageSpec, runs: [Run])]) {
    self.runs = Dictionary(
      runs.map { (ObjectIdentifier($0.stage), $0.runs) }, uniquingKeysWith: { first, _ in first })
  }

  static let none = BroadcastValues([])

  @usableFromInline func value<Value>(of broadcast: Broadcast<Value>) throws -> Value {
    let id = ObjectIdentifier(broadcast.token)
    return try made.withLock { made in
      if let known = made[id] as? Value { return known }
      guard let runs = runs[ObjectIdentifier(broadcast.token.stage)] else {
        throw JobError(.internalFault, "a broadcast is not there")
      }
      let value = try broadcast.make(
        runs.map { run in
          Chunk(
            .records(RunSlice(run: run, range: 0..<run.records)), branch: 0, broadcasts: .none)
        })
      made[id] = value
      return value
    }
  }
}
