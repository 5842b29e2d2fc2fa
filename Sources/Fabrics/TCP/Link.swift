// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Memory
import Vocabulary

/// Memory for the calls of all links: descriptors, and the bytes of small frames.
@safe final class LinkBuffers {
  // Safe because one thread uses it, within the sizes below.
  static let byteCount = 64 << 10
  let vectors: UnsafeMutablePointer<iovec>
  let bytes: UnsafeMutableRawPointer

  init() {
    unsafe vectors = UnsafeMutablePointer.allocate(capacity: SendQueue.vectorMaximum)
    unsafe vectors.initialize(repeating: iovec(), count: SendQueue.vectorMaximum)
    unsafe bytes = UnsafeMutableRawPointer.allocate(byteCount: Self.byteCount, alignment: 4096)
  }

  deinit {
    unsafe vectors.deallocate()
    unsafe bytes.deallocate()
  }
}

/// The connection to one peer.
final class Link {
  /// How a look at the connection ended.
  enum End {
    /// The peer is gone, or the way to it.
    case lost(String)
    /// The peer sent what it may not.
    case refused(String)
  }

  /// Payload that is missing up to this size goes through the buffer: one call fetches more frames.
  private static let directMinimum = 4 << 10
  /// Bytes that one look takes from a peer before others get their turn.
  private static let turnBytes = 2 << 20

  let socket: Socket
  let queue = SendQueue()
  private var decoder: FrameDecoder
  /// Set until the system says that there is nothing more: bytes may have come before a first look.
  private(set) var mayRead = true
  private var mayWrite = true
  private var isOver = false
  private var sendError: Int32?

  init(_ socket: Socket, decoder: FrameDecoder) {
    self.socket = socket
    self.decoder = decoder
  }

  func note(_ change: Epoll.Change) {
    if change.mayRead { mayRead = true }
    if change.mayWrite { mayWrite = true }
    if change.isOver { isOver = true }
  }

  func append(_ push: Push, from view: SegmentView) {
    if sendError == nil { queue.append(push, from: view) }
  }

  /// Sends what waits, until all is sent or the peer takes no more.
  func flush(_ buffers: LinkBuffers) {
    while mayWrite, !queue.isEmpty, sendError == nil {
      let (vectors, bytes) = unsafe queue.describe(buffers.vectors)
      var message = unsafe msghdr()
      unsafe message.msg_iov = buffers.vectors
      unsafe message.msg_iovlen = vectors
      let sent = uninterrupted {
        unsafe sendmsg(socket.descriptor, &message, Int32(MSG_NOSIGNAL))
      }
      if sent >= 0 {
        queue.advance(sent)
        if sent < bytes { mayWrite = false }
      } else if errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM {
        mayWrite = false
      } else {
        // What the peer had sent before is still read; then the link is given up.
        sendError = errno
        queue.removeAll()
        mayRead = true
      }
    }
  }

  /// Applies what has come. True where something was applied.
  func receive(into segments: [SegmentView], _ buffers: LinkBuffers, _ end: inout End?) -> Bool {
    var left = Self.turnBytes
    var hasApplied = false
    while mayRead, left > 0 {
      let (count, wanted, direct) = receiveOnce(segments, buffers)
      guard count > 0 else {
        end = endOfStream(count)
        break
      }
      left -= count
      hasApplied = true
      let placed = min(direct, count)
      decoder.advance(placed)
      unsafe decoder.decode(Bytes(UnsafeRawPointer(buffers.bytes), count - placed)) {
        Self.apply($0, to: segments)
      }
      if let refusal = decoder.refusal {
        end = .refused(refusal.description)
        break
      }
      // All there was; a later arrival is told. Only the end is not told twice.
      if count < wanted, !isOver, sendError == nil { mayRead = false }
    }
    return hasApplied
  }

  /// One call: into place where the next bytes are known to be payload, the rest into the buffer.
  private func receiveOnce(
    _ segments: [SegmentView], _ buffers: LinkBuffers
  ) -> (count: Int, wanted: Int, direct: Int) {
    guard let direct = decoder.direct, direct.count >= Self.directMinimum else {
      let count = uninterrupted {
        unsafe recv(socket.descriptor, buffers.bytes, LinkBuffers.byteCount, 0)
      }
      return (count, LinkBuffers.byteCount, 0)
    }
    let count = unsafe segments[direct.owner].fill(direct.offset, direct.count) { place in
      unsafe buffers.vectors[0] = unsafe iovec(iov_base: place.baseAddress, iov_len: place.count)
      unsafe buffers.vectors[1] = unsafe iovec(
        iov_base: buffers.bytes, iov_len: LinkBuffers.byteCount)
      return uninterrupted { unsafe readv(socket.descriptor, buffers.vectors, 2) }
    }
    return (count, direct.count + LinkBuffers.byteCount, direct.count)
  }

  private static func apply(_ write: FrameDecoder.Write, to segments: [SegmentView]) {
    let view = segments[write.owner]
    guard write.kind == .cells else { return view.write(write.bytes, at: write.offset) }
    var at = 0
    while at < write.bytes.count {
      view.store(write.bytes.littleEndian64(at: at), at: write.offset + at)
      at += 8
    }
  }

  private func endOfStream(_ result: Int) -> End? {
    if result == 0 { return .lost("it closed the connection") }
    if errno != EAGAIN { return .lost("the connection broke: \(errorText(errno))") }
    mayRead = false
    guard let sendError else { return nil }
    return .lost("the connection broke: \(errorText(sendError))")
  }
}
