// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Makes chunks of text, and of them what is written.
final class TextPress: @unchecked Sendable {
  // Sendable because it is handed on under a lock: one thread at a time uses it.
  private let formatter: RecordFormatter
  private let compressor: Compressor?
  private var text = ByteBuffer(capacity: 1 << 18)

  init(_ formatter: RecordFormatter, _ compression: Compression?) throws {
    self.formatter = formatter
    compressor = try compression.map { try Self.compressor($0) }
  }

  /// Appends a varint with how many records there are, and the chunk as it is written: a frame of
  /// its own where it is compressed, so that readers can begin at each.
  func append(
    to target: inout ByteBuffer, _ forEach: ((Frame) throws -> Bool) throws -> Void
  ) throws {
    var records = 0
    text.removeAll()
    try forEach { frame in
      try formatter.append(key: frame.key, value: frame.value, to: &text)
      records += 1
      return true
    }
    target.appendVarint(UInt64(records))
    guard let compressor else { return target.append(text.bytes) }
    try Self.compress(text.bytes, compressor, to: &target)
  }

  static func compressor(_ compression: Compression) throws -> Compressor {
    do { return try Compressor(compression) } catch { throw lacksMemory }
  }

  static func compress(
    _ text: Bytes, _ compressor: Compressor, to target: inout ByteBuffer
  ) throws {
    do { try compressor.append(text, isLast: true, to: &target) } catch { throw lacksMemory }
  }

  private static var lacksMemory: JobError {
    JobError(
      .cannotWrite, "there is no memory to compress with; nothing was left behind",
      advice: "use fewer threads, or leave out --compress")
  }
}
