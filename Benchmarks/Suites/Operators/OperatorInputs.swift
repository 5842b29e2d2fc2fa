// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// What the operators work on: the same records as text, in tables, packed, and in memory.
final class OperatorInputs {
  let records: Int
  /// How many different keys there are.
  let keys: Int
  /// Lines with a key and a number.
  let pairs: String
  /// Lines of the same kind: half of the keys, and as many others, once each.
  let others: String
  /// Lines of words.
  let text: String
  /// How many words there are.
  let words: Int
  /// Rows with the columns `id`, `name` and `amount`.
  let table: String
  /// Objects with the same fields.
  let documents: String
  /// Records of sixteen bytes.
  let packed: String
  /// Numbers in no order.
  let numbers: [Int]

  init(_ scratch: ScratchDirectory, records: Int) throws {
    self.records = records
    keys = max(1, records / 10)
    pairs = scratch.file("operators-pairs")
    others = scratch.file("operators-others")
    text = scratch.file("operators-text")
    table = scratch.file("operators-table")
    documents = scratch.file("operators-documents")
    packed = scratch.file("operators-packed")
    var random = SplitMix(state: 7)
    numbers = (0..<records).map { _ in Int(truncatingIfNeeded: random.next() >> 20) }
    words = 4 * records
    try writePairs(&random)
    try writeOthers(&random)
    try writeText(&random)
    try writeRecords(&random)
  }

  func remove() {
    for path in [pairs, others, text, table, documents, packed] { Files.remove(path) }
  }

  /// Keys stand far apart, so that no array can be indexed by them.
  private static func key(_ number: Int) -> Int { number &* 7_919_317 &+ 13 }

  private func writePairs(_ random: inout SplitMix) throws {
    try write(records, to: pairs) { buffer, _ in
      let key = Self.key(Int(random.next() % UInt64(keys)))
      buffer.append("\(key) \(random.next() % 100_000)\n")
    }
  }

  private func writeOthers(_ random: inout SplitMix) throws {
    try write(keys, to: others) { buffer, number in
      // Half of them are none of the other file's.
      buffer.append("\(Self.key(2 * (number ^ 1))) \(random.next() % 1000)\n")
    }
  }

  private func writeText(_ random: inout SplitMix) throws {
    try write(records, to: text) { buffer, _ in
      for place in 0..<4 {
        // Some words come up more often than others.
        let draw = Int(min(random.next(), random.next(), random.next()) >> 32)
        let word = Self.key(draw % keys)
        buffer.append((place == 0 ? "" : " ") + String(word, radix: 36))
      }
      buffer.append("\n")
    }
  }

  private func writeRecords(_ random: inout SplitMix) throws {
    let amounts = (0..<records).map { _ in Int(random.next() % 100_000) }
    try write(records + 1, to: table) { buffer, line in
      buffer.append(
        line == 0 ? "id,name,amount\n" : "\(line),name \(line % 97),\(amounts[line - 1])\n")
    }
    try write(records, to: documents) { buffer, line in
      buffer.append("{\"id\":\(line),\"name\":\"name \(line % 97)\",\"amount\":\(amounts[line])}\n")
    }
    try write(records, to: packed) { buffer, line in
      buffer.appendLittleEndian(Int64(line))
      buffer.appendLittleEndian(Int64(amounts[line]))
    }
  }

  private func write(
    _ count: Int, to path: String, _ record: (inout ByteBuffer, _ number: Int) -> Void
  ) throws {
    let output = try Files.create(path)
    defer { close(output) }
    var buffer = ByteBuffer(capacity: 1 << 20)
    for number in 0..<count {
      record(&buffer, number)
      guard buffer.count >= 1 << 19 || number == count - 1 else { continue }
      try Files.write(buffer.bytes, to: output)
      buffer.removeAll()
    }
  }
}
