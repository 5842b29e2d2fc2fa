// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Memory
import Replication
import Vocabulary

/// A client of a node's catalogue: frames of a length, a number and a request.
struct NodeDialect: Dialect {
  private let session: NodeID
  private var requests: UInt64 = 0
  private var commands: UInt64 = 0
  private static let numberBytes = 8

  init() {
    var source = SystemRandomNumberGenerator()
    session = NodeID(high: source.next(), low: source.next())
  }

  func greet(into out: inout [UInt8]) {}

  var isWelcome: Bool { true }

  mutating func ask(_ work: StoreWork, key: Int, value: [UInt8], into out: inout [UInt8]) {
    var content = ByteBuffer()
    var submission = ByteBuffer()
    if work == .read {
      CatalogueQuestion.get(name: StoreKey.name(key)).write(into: &content)
      Submission.question(content.bytes).write(into: &submission)
    } else {
      commands += 1
      CatalogueCommand.set(name: StoreKey.name(key), value: value, expected: nil)
        .write(into: &content)
      let id = CommandID(session: session, number: commands, acknowledged: commands - 1)
      Submission.command(id, content.bytes).write(into: &submission)
    }
    requests += 1
    let request = Request.submit(Array(submission.bytes)).encoded
    out.appendLittleEndian(UInt32(Self.numberBytes + request.count))
    out.appendLittleEndian(requests)
    out += request
  }

  func take(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) throws -> Taken {
    guard bytes.count >= 4 else { return .nothing }
    let count = bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard bytes.count >= 4 + count else { return .nothing }
    // Behind the number: an outcome, which was done.
    let reply = bytes.dropFirst(4 + Self.numberBytes).prefix(count - Self.numberBytes)
    guard reply.starts(with: [0, 0]) else {
      throw BenchmarkError("a node answered \(Reply(Array(reply)).map { "\($0)" } ?? "nonsense")")
    }
    return .answer(4 + count)
  }
}
