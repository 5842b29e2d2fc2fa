// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Cuts messages out of a stream that comes in pieces: each stands behind its length, four bytes,
/// the least one first. What is kept grows with what comes, not with what is announced.
package struct MessageCutter {
  private var bytes: [UInt8] = []
  private var head = 0

  package init() {}

  package mutating func append(_ piece: Bytes) {
    if head == bytes.count {
      bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 20)
      head = 0
    } else if head > 64 << 10, head > bytes.count / 2 {
      bytes.removeFirst(head)
      head = 0
    }
    bytes.append(contentsOf: piece)
  }

  /// Hands the next message to `body`; nil where none is whole yet.
  package mutating func next<R>(
    _ body: (inout ByteReader) throws(ByteReader.Damaged) -> R
  ) throws(ByteReader.Damaged) -> R? {
    guard bytes.count - head >= 4 else { return nil }
    let count = (0..<4).reduce(0) { $0 | Int(bytes[head + $1]) << (8 * $1) }
    guard count <= ExecutorBorder.messageBytesMaximum else { throw ByteReader.Damaged() }
    guard bytes.count - head - 4 >= count else { return nil }
    let start = head + 4
    head = start + count
    let result: Result<R, ByteReader.Damaged> = bytes.withBytes { all in
      var reader = ByteReader(all[start..<(start + count)])
      do throws(ByteReader.Damaged) {
        let message = try body(&reader)
        return reader.isAtEnd ? .success(message) : .failure(ByteReader.Damaged())
      } catch { return .failure(error) }
    }
    return try result.get()
  }
}

extension ByteBuffer {
  /// Appends a message behind its length.
  package mutating func append(message body: (inout ByteBuffer) -> Void) {
    var message = ByteBuffer(capacity: 64)
    body(&message)
    precondition(message.count <= ExecutorBorder.messageBytesMaximum, "a message is too long")
    appendLittleEndian(UInt32(message.count))
    append(message.bytes)
  }
}
