// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// The bytes of one connection, each read and write with a deadline. One thread has it.
final class HTTPLink {
  let socket: Socket
  let limits: HTTPLimits
  /// What came and is not used yet begins at `start`.
  private var came: [UInt8] = []
  private var start = 0
  private var scratch = [UInt8](repeating: 0, count: 64 << 10)

  init(_ socket: Socket, _ limits: HTTPLimits) {
    self.socket = socket
    self.limits = limits
    socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  private var isEmpty: Bool { start == came.count }

  static func deadline(in milliseconds: Int) -> UInt64 {
    monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
  }

  /// Waits until the socket can be read or written; false where it cannot until the deadline.
  private func wait(for events: Int32, until deadline: UInt64) -> Bool {
    waitUntilReady(socket.descriptor, events, until: deadline)
  }

  private enum Arrival {
    case some
    case end
    case late
  }

  /// Takes in more bytes.
  private func receive(until deadline: UInt64) -> Arrival {
    if start > 0 {
      came.removeFirst(start)
      start = 0
    }
    while true {
      let count = socket.receive(into: &scratch, scratch.count)
      if count > 0 {
        came += scratch[..<count]
        return .some
      }
      guard count < 0, errno == EAGAIN else { return .end }
      guard wait(for: POLLIN, until: deadline) else { return .late }
    }
  }

  /// The next request's head; nil where no further request comes.
  func head() throws(HTTPFailure) -> HTTPRequest? {
    if isEmpty {
      guard case .some = receive(until: Self.deadline(in: limits.idleMilliseconds)) else {
        return nil
      }
    }
    // An empty line before a request is passed over.
    while came[start...].starts(with: [0x0D, 0x0A]) { start += 2 }
    let deadline = Self.deadline(in: limits.headMilliseconds)
    var looked = start
    while true {
      if let end = end(from: looked) {
        let head = came[start..<end + 2]
        guard head.count + 2 <= limits.headBytes else { throw .problem(tooLarge(head)) }
        start = end + 4
        do throws(Problem) { return try HTTPRequest(head: head, limits: limits) } catch {
          throw .problem(error)
        }
      }
      guard came.count - start <= limits.headBytes else { throw .problem(tooLarge(came[start...])) }
      looked = max(0, came.count - start - 3)
      switch receive(until: deadline) {
      case .some: looked += start
      case .end: return nil
      case .late:
        throw .problem(
          Problem(408, .usage, "the request did not come whole within its time"))
      }
    }
  }

  /// The first of the line ends before the empty line.
  private func end(from place: Int) -> Int? {
    guard came.count >= place + 4 else { return nil }
    return (place...came.count - 4).first { index in
      came[index] == 0x0D && came[index + 1] == 0x0A && came[index + 2] == 0x0D
        && came[index + 3] == 0x0A
    }
  }

  private func tooLarge(_ head: ArraySlice<UInt8>) -> Problem {
    let line = head.firstIndex(of: 0x0D).map { $0 - head.startIndex } ?? head.count
    if line > limits.lineBytes {
      return Problem(
        414, .usage, "the request's first line is longer than \(limits.lineBytes) bytes")
    }
    return Problem(431, .usage, "the request's head is longer than \(limits.headBytes) bytes")
  }

  /// The next `count` bytes of a body.
  func body(_ count: Int, until deadline: UInt64) throws(HTTPFailure) -> [UInt8] {
    var piece: [UInt8] = []
    piece.reserveCapacity(count)
    while true {
      let found = min(count - piece.count, came.count - start)
      piece += came[start..<start + found]
      start += found
      guard piece.count < count else { return piece }
      let stall = Self.deadline(in: limits.stallMilliseconds)
      switch receive(until: min(stall, deadline)) {
      case .some: continue
      case .end: throw .gone
      case .late:
        throw .problem(Problem(408, .usage, "the request's body comes too slowly"))
      }
    }
  }

  /// Sends all bytes; a client that takes none for too long is given up.
  func write(_ bytes: [UInt8]) throws(HTTPFailure) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = socket.send(rest)
      if sent >= 0 {
        rest = rest.dropFirst(sent)
      } else {
        guard errno == EAGAIN,
          wait(for: POLLOUT, until: Self.deadline(in: limits.stallMilliseconds))
        else { throw .gone }
      }
    }
  }

  /// Tells the client that nothing more comes, and takes in for a moment what it still sends:
  /// otherwise the answer might be destroyed on its way.
  func finish() {
    guard shutdown(socket.descriptor, Int32(SHUT_WR)) == 0 else { return }
    let deadline = Self.deadline(in: limits.lingerMilliseconds)
    var budget = 64 << 20
    while budget > 0 {
      came.removeAll(keepingCapacity: true)
      start = 0
      guard case .some = receive(until: deadline) else { return }
      budget -= came.count
    }
  }
}
