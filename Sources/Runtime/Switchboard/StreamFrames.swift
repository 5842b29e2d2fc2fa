// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// Letters and requests on a stream: a length of four bytes, the least one first, and so many
/// bytes.
enum StreamFrame {
  static let headerBytes = 4

  static func header(_ count: Int) -> [UInt8] {
    (0..<headerBytes).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }
}

/// Cuts frames out of a stream that comes in pieces.
struct FrameCutter {
  /// The length that a peer announced and that is more than it may send.
  struct Excess: Error {
    let byteCount: Int
  }

  private let bytesMaximum: Int
  /// The beginning of a frame whose end has not come. Grows with what comes, not with what is
  /// announced.
  private var begun: [UInt8] = []

  init(bytesMaximum: Int) { self.bytesMaximum = bytesMaximum }

  /// Hands each frame that is whole to `take`.
  mutating func cut(
    _ piece: UnsafeRawBufferPointer, _ take: ([UInt8]) -> Void
  ) throws(Excess) {
    var rest = unsafe piece
    while !begun.isEmpty, rest.count > 0 {
      var wanted = StreamFrame.headerBytes
      if begun.count >= wanted { wanted += try length() }
      let more = min(wanted - begun.count, rest.count)
      unsafe begun.append(contentsOf: rest.prefix(more))
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(more))
      guard begun.count >= StreamFrame.headerBytes else { continue }
      guard begun.count == StreamFrame.headerBytes + (try length()) else { continue }
      take(Array(begun.dropFirst(StreamFrame.headerBytes)))
      begun.removeAll(keepingCapacity: begun.capacity <= 64 << 10)
    }
    while rest.count >= StreamFrame.headerBytes {
      let count = unsafe Int(UInt32(littleEndian: rest.loadUnaligned(as: UInt32.self)))
      guard count <= bytesMaximum else { throw Excess(byteCount: count) }
      let end = StreamFrame.headerBytes + count
      guard rest.count >= end else { break }
      take(unsafe Array(rest[StreamFrame.headerBytes..<end]))
      unsafe rest = UnsafeRawBufferPointer(rebasing: rest[end...])
    }
    unsafe begun.append(contentsOf: rest)
  }

  /// The length that stands in the header that has come.
  private func length() throws(Excess) -> Int {
    let count = (0..<StreamFrame.headerBytes).reduce(0) { $0 | Int(begun[$1]) << (8 * $1) }
    guard count <= bytesMaximum else { throw Excess(byteCount: count) }
    return count
  }
}

/// Frames that wait to be sent, as one run of bytes.
struct OutgoingFrames {
  private var bytes: [UInt8] = []
  private var head = 0

  /// Bytes that are kept when all has been sent; what a burst took beyond is given back.
  private static let keptBytes = 256 << 10

  var count: Int { bytes.count - head }
  var isEmpty: Bool { bytes.isEmpty }

  mutating func append(_ frame: [UInt8]) {
    if head > Self.keptBytes, head > bytes.count / 2 {
      bytes.removeFirst(head)
      head = 0
    }
    // In one step each: an array that grows by single bytes asks for each whether it is full.
    unsafe withUnsafeBytes(of: UInt32(frame.count).littleEndian) { header in
      unsafe bytes.append(contentsOf: header)
    }
    bytes.append(contentsOf: frame)
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
    head = 0
  }

  /// Sends as much as the socket takes. 0, or the `errno` of a connection that broke.
  mutating func flush(to socket: Socket) -> Int32 {
    while head < bytes.count {
      let sent = socket.send(bytes[head...])
      if sent < 0 { return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? 0 : errno }
      head += sent
    }
    removeAll()
    return 0
  }
}
