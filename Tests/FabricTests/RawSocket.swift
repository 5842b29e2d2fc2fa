// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Glibc
import Memory
import Testing
import Vocabulary

/// A plain socket for those who do not play by the rules. Waits for at most some seconds.
final class RawSocket {
  struct Failure: Error {
    let call: String
    let code: Int32
  }

  private(set) var descriptor: Int32

  private init(accepted descriptor: Int32) { self.descriptor = descriptor }

  /// The next connection to this listener.
  func accept() throws -> RawSocket {
    let fresh = Glibc.accept(descriptor, nil, nil)
    guard fresh >= 0 else { throw Failure(call: "accept", code: errno) }
    let socket = RawSocket(accepted: fresh)
    socket.limitWaits()
    return socket
  }

  private init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
    limitWaits()
  }

  private func limitWaits() {
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(
        descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
  }

  deinit { close() }

  func close() {
    if descriptor >= 0 { Glibc.close(descriptor) }
    descriptor = -1
  }

  /// Ends the connection as a host does that knows nothing of it: with a reset.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func with<R>(
    _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    unsafe withUnsafePointer(to: address(port)) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  convenience init(listeningOn port: Int) throws {
    try self.init()
    let result = unsafe Self.with(port) { unsafe bind(descriptor, $0, $1) }
    guard result == 0 else { throw Failure(call: "bind", code: errno) }
    listen(descriptor, 16)
  }

  /// Connects to a port of this host, again and again for 20 seconds.
  convenience init(connectingTo port: Int) throws {
    try self.init()
    let end = TCPGroup.seconds() + 20
    while unsafe Self.with(port, { unsafe connect(descriptor, $0, $1) }) != 0 {
      guard TCPGroup.seconds() < end else { throw Failure(call: "connect", code: errno) }
      usleep(5000)
    }
  }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { raw in
        unsafe Glibc.send(
          descriptor, raw.baseAddress.map { unsafe $0 + sent }, raw.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure(call: "send", code: errno) }
      sent += count
    }
  }

  /// At most `count` bytes; none at the end of the stream.
  func receive(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, count, 0)
    }
    guard got >= 0 else { throw Failure(call: "recv", code: errno) }
    return Array(bytes.prefix(got))
  }

  /// Carries a handshake to its end. Nil where the other end hung up.
  func greet(_ handshake: inout Handshake) throws -> Handshake.Step? {
    if let hello = handshake.start() { try send(hello) }
    while true {
      let bytes = try receive(handshake.bytesWanted)
      if bytes.isEmpty { return nil }
      let step = handshake.take(bytes)
      if let answer = step.sent { try send(answer) }
      if step.peer != nil || step.error != nil { return step }
    }
  }
}

/// A member that greets as it should and then sends what it likes.
struct RoguePeer {
  let socket: RawSocket

  /// Joins rank 0 of a group of two as rank 1, while `formation` opens.
  static func join(
    _ count: Int = 2, settings: TCPSettings = TCPSettings()
  ) throws -> (member: TCPFabric, rogue: RoguePeer) {
    let plan = try TCPGroup.plan(count)
    let port = TCPGroup.freePort()
    let addresses = ["127.0.0.1:\(port)"] + TCPGroup.addresses(count - 1)
    let formation = TCPGroup.formation(0, plan, addresses)
    let opening = Background<TCPGroup.Opened> {
      do throws(FabricError) {
        return .success(HandedOver(fabric: try TCPFabric.open(formation, settings: settings)))
      } catch {
        return .failure(error)
      }
    }
    let socket = try RawSocket(connectingTo: port)
    var handshake = Handshake(
      role: .initiator, mine: Hello(TCPGroup.formation(1, plan, addresses)), key: nil,
      expected: RankSet([Rank(0)]), peer: "rank 0")
    let step = try socket.greet(&handshake)
    try #require(step?.peer != nil)
    return (try opening.wait().get().fabric, RoguePeer(socket: socket))
  }
}
