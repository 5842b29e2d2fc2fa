// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// One copy of a subgroup's state: what was delivered, in order, applied to a state machine.
package struct Replica<Machine: StateMachine>: Sendable {
  package private(set) var machine: Machine
  private var sessions: Sessions
  /// The last submission that was applied; nil before the first.
  package private(set) var version: Version?
  /// Submissions that were applied since the state began.
  package private(set) var applied: UInt64 = 0

  package init() {
    machine = Machine()
    sessions = Sessions()
  }

  /// Applies what stands at a place of the total order.
  package mutating func deliver(_ message: Bytes, at version: Version) -> Outcome {
    precondition(self.version.map { $0 < version } ?? true, "deliveries come in order")
    self.version = version
    applied += 1
    guard let submission = try? Submission.read(message) else {
      return .refused("what was submitted is neither a command nor a question")
    }
    switch submission {
    case .question(let question): return ask(question)
    case .command(let id, let command):
      return sessions.once(id) {
        do throws(Refusal) {
          return .done(try machine.apply(command, at: version))
        } catch {
          return .refused(error.reason)
        }
      }
    }
  }

  /// Answers a question from this copy as it is now.
  package func ask(_ question: Bytes) -> Outcome {
    do throws(Refusal) {
      return try machine.answer(question).map { .done($0) } ?? .waits
    } catch {
      return .refused(error.reason)
    }
  }

  /// SHA-256 of the state: equal at all replicas that have applied the same.
  package var digest: [UInt8] {
    var out = ByteBuffer()
    write(into: &out)
    return SHA256.of(out.bytes)
  }

  package func write(into out: inout ByteBuffer) {
    out.appendVarint(version == nil ? 0 : 1)
    out.appendVarint(version?.view ?? 0)
    out.appendVarint(version?.sequence ?? 0)
    out.appendVarint(applied)
    sessions.write(into: &out)
    machine.write(into: &out)
  }

  package init(reading bytes: Bytes) throws(ByteReader.Damaged) {
    var reader = ByteReader(bytes)
    let hasVersion = try reader.varint() == 1
    let view = try reader.varint()
    let sequence = try reader.varint()
    version = hasVersion ? Version(view: view, sequence: sequence) : nil
    applied = try reader.varint()
    sessions = try Sessions(reading: &reader)
    machine = try Machine(reading: &reader)
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
  }
}
