// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
import Vocabulary

extension Source where T == Bytes {
  /// Records of `recordBytes` bytes each, without anything between them. A file whose size is no
  /// multiple of that is an error. `paths` are read as by `lines`.
  public static func binary(_ paths: [String], recordBytes: Int) -> Source<Bytes> {
    precondition(
      recordBytes > 0 && recordBytes <= Limits.rowBytes,
      "a record has 1 to \(Limits.rowBytes) bytes, not \(recordBytes)")
    return Source(
      input: .files(paths, .records(bytes: recordBytes)),
      feed: { chunk, sink in try chunk.feedPlain(sink) },
      name: "binary", isPlain: true)
  }

  /// The same of one file, glob, directory or, as `-`, standard input.
  public static func binary(_ path: String, recordBytes: Int) -> Source<Bytes> {
    binary([path], recordBytes: recordBytes)
  }
}

/// Calls `body` for every record of a fixed size; returns how many there were.
@inlinable @inline(__always)
func forEachPacked(_ chunk: Chunk, _ body: (Bytes, _ start: Int) throws -> Void) throws -> Int {
  guard case .packed(let bytes, let width) = chunk.content else {
    preconditionFailure("records of a fixed size are read")
  }
  let catchers = chunk.catchers
  var start = 0
  while start < bytes.count {
    LineNote.begin(start)
    let record = bytes[start..<(start &+ width)]
    do { try body(record, start) } catch {
      guard catchers != nil else {
        throw RecordFailure(error, offset: start, packed: record)
      }
      try failed(error, FailedRecord(offset: start, record), catchers)
    }
    if let catchers { try catchers.endRecord(FailedRecord(offset: start, record)) }
    start &+= width
  }
  return bytes.count / width
}

extension RecordFailure {
  /// The cause happened at this record of a fixed size.
  @usableFromInline init(_ cause: any Error, offset: Int, packed record: Bytes) {
    self.init(cause, offset: offset, shown: record.hexadecimal)
  }
}

extension Bytes {
  /// The beginning in hexadecimal digits, for an error.
  fileprivate var hexadecimal: String {
    let digits = self[0..<Swift.min(count, Limits.shownRecordBytes / 4)].map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return digits.joined() + (digits.count < count ? "…" : "")
  }
}
