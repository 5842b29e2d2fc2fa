// SPDX-License-Identifier: Apache-2.0
import Engine
import Fabrics
import Glibc

/// A client without manners: sends any bytes to a node's socket. Waits for at most 20 seconds.
final class RawSocket {
  struct Failure: Error {
    let call: String
    let code: Int32
  }

  private let socket: Socket
  private var incoming: [UInt8] = []

  init(_ path: String) throws {
    socket = Socket(owning: Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0))
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(
        socket.descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    let result = unsafe LocalSocket.withAddress(path) {
      unsafe connect(socket.descriptor, $0, $1)
    }
    guard result == 0 else { throw Failure(call: "connect", code: errno) }
  }

  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = socket.send(rest)
      guard sent > 0 else { throw Failure(call: "send", code: errno) }
      rest = rest.dropFirst(sent)
    }
  }

  /// A request as it is on the stream.
  static func frame(_ number: UInt64, _ request: [UInt8]) -> [UInt8] {
    littleEndian(UInt64(8 + request.count), 4) + littleEndian(number, 8) + request
  }

  static func littleEndian(_ number: UInt64, _ bytes: Int) -> [UInt8] {
    (0..<bytes).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }

  /// The next answer, with the number of its request; nil where the stream has ended.
  func answer() throws -> (number: UInt64, reply: Reply)? {
    guard let header = try take(4) else { return nil }
    guard let bytes = try take(Int(Self.number(header))), let reply = Reply(Array(bytes[8...]))
    else { throw Failure(call: "an answer", code: 0) }
    return (Self.number(Array(bytes[..<8])), reply)
  }

  private static func number(_ bytes: [UInt8]) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func take(_ count: Int) throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while incoming.count < count {
      let got = unsafe recv(socket.descriptor, &buffer, buffer.count, 0)
      if got == 0 || got < 0 && errno == ECONNRESET { return nil }
      guard got > 0 else { throw Failure(call: "recv", code: errno) }
      incoming += buffer.prefix(got)
    }
    defer { incoming.removeFirst(count) }
    return Array(incoming.prefix(count))
  }

  func close() { socket.close() }
}

/// A port of this host that is taken, and at which nobody answers.
final class TakenPort {
  let number: UInt16
  private let socket: Socket

  init() throws {
    socket = Socket(owning: Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = socket.descriptor
    let result = unsafe withUnsafeMutableBytes(of: &address) { raw -> Int32 in
      guard let start = unsafe raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return -1
      }
      guard unsafe bind(descriptor, start, size) == 0 else { return -1 }
      return unsafe getsockname(descriptor, start, &size)
    }
    guard result == 0 else { throw RawSocket.Failure(call: "bind", code: errno) }
    number = UInt16(bigEndian: address.sin_port)
  }

  func close() { socket.close() }
}
