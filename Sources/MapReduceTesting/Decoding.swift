// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce

extension StageResult {
  /// What `body` makes of each record, in order.
  func decoded<T>(
    _ body: (_ key: inout RecordReader, _ value: inout RecordReader) throws -> T
  ) throws -> [T] {
    var all: [T] = []
    do {
      try forEach { all.append(try body(&$0, &$1)) }
    } catch {
      // Types of which only the author knows what their bytes mean have one code for all.
      throw JobError(.usage, "a record of result \(name) cannot be read as \(T.self): \(error)")
    }
    return all
  }

  /// Another type was asked for than there is.
  func mismatch(_ asked: String) -> JobError {
    JobError(
      .usage, "result \(name) holds \(schema.elements), and cannot be read as \(asked)",
      advice: "ask for the types with which the job writes it; bytes are read as String or [UInt8]")
  }
}

extension Key {
  /// Whether keys of this type can be read from bytes that mean `code`. Views are not: they would
  /// outlive what they look at.
  static func isReadable(from code: TypeCode) -> Bool {
    !isView && typeCode.isReadable(from: code)
  }
}
