// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Memory
import Runtime
import Testing
import Vocabulary

/// A plain socket for those who do not play by the rules. Waits for at most 20 seconds.
final class RawConnection {
  struct Failure: Error {
    let call: String
    let code: Int32
  }

  private let socket: Socket
  var descriptor: Int32 { socket.descriptor }

  init(_ socket: Socket) {
    self.socket = socket
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      unsafe setsockopt(
        socket.descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    _ = fcntl(socket.descriptor, F_SETFL, 0)
  }

  /// Connects to `host:port`.
  convenience init(to address: String) throws {
    let found = try SocketAddress.resolve(address, of: "a test")
    let socket = try #require(Socket(for: found[0]))
    self.init(socket)
    let result = unsafe found[0].with { unsafe connect(socket.descriptor, $0, $1) }
    guard result == 0 else { throw Failure(call: "connect", code: errno) }
  }

  /// Connects to a Unix socket.
  convenience init(path: String) throws {
    let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.init(Socket(owning: number))
    let result = unsafe LocalSocket.withAddress(path) { unsafe connect(number, $0, $1) }
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

  /// At most `count` bytes; none at the end of the stream, however it ended.
  func receive(_ count: Int) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    let got = socket.receive(into: &buffer, count)
    if got < 0, errno != ECONNRESET { throw Failure(call: "recv", code: errno) }
    return Array(buffer.prefix(max(0, got)))
  }

  /// Reads to the end of the stream.
  func drain() throws { while try !receive(4096).isEmpty {} }

  func close() { socket.close() }

  /// Ends the connection without a word, as the system does for a process that is killed while
  /// bytes for it are under way.
  func reset() {
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      socket.descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Carries a handshake to its end. Nil where the other end hung up.
  func greet(_ handshake: inout Handshake) throws -> Handshake.Step? {
    if let hello = handshake.start() { try send(hello) }
    while true {
      let bytes = try receive(handshake.bytesWanted)
      if bytes.isEmpty { return nil }
      let step = bytes.withBytes { handshake.receive($0) }
      switch step {
      case .needs: break
      case .send(let bytes): try send(bytes)
      case .done(_, let answer), .refuse(_, let answer):
        if let answer { try send(answer) }
        return step
      }
    }
  }

  static func frame(_ bytes: [UInt8]) -> [UInt8] { header(bytes.count) + bytes }
  static func header(_ count: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
  }
}

/// A node that is nothing but sockets: it meets others as it should and then does what it likes.
final class RawNode {
  let introduction: NodeIntroduction
  private let listener: Socket

  init(cluster: String = "blue") throws {
    let found = try SocketAddress.resolve("127.0.0.1:0", of: "a test", allowsAnyPort: true)
    listener = try Listener.open(
      found, Listener.Place("127.0.0.1:0", party: "test"), TCPSettings())
    introduction = NodeIntroduction(
      id: SwitchboardNode.freshID(), name: "raw", cluster: cluster, version: 1,
      address: listener.address(ofPeer: false)?.text ?? "")
  }

  var correspondent: Correspondent {
    Correspondent(id: introduction.id, address: introduction.address)
  }

  /// The next connection, before a word was said.
  func accept(milliseconds: Int32 = 20_000) throws -> RawConnection {
    var state = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&state, 1, milliseconds) > 0,
      let socket = Socket.accept(from: listener.descriptor)
    else {
      throw RawConnection.Failure(call: "accept", code: errno)
    }
    return RawConnection(socket)
  }

  /// The next connection, which a node makes only where it has something to send.
  func acceptLetters(of node: SwitchboardNode) throws -> RawConnection {
    for _ in 0..<400 {
      node.board.send([1], to: correspondent)
      if let connection = try? accept(milliseconds: 50) { return connection }
    }
    return try accept()
  }

  /// The next connection, after the hello.
  func meet() throws -> RawConnection {
    let connection = try accept()
    var handshake = Handshake(
      role: .acceptor, introduction: introduction, key: nil, peer: "the tested node")
    let step = try connection.greet(&handshake)
    guard case .done? = step else { throw RawConnection.Failure(call: "hello", code: 0) }
    return connection
  }

  /// Calls a node and joins it.
  func call(_ node: SwitchboardNode) throws -> RawConnection {
    let connection = try RawConnection(to: node.board.address)
    var handshake = Handshake(
      role: .initiator, introduction: introduction, key: nil, peer: "the tested node")
    let step = try connection.greet(&handshake)
    guard case .done? = step else { throw RawConnection.Failure(call: "hello", code: 0) }
    return connection
  }

  func stopListening() { listener.close() }

  /// Gives the listener and a connection to a process of their own, which does nothing with them.
  func moveToProcess(_ connection: RawConnection) throws -> pid_t {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    // Numbers that nothing in this process has; a copy stays open in the new program.
    for (descriptor, place) in [(listener.descriptor, 900), (connection.descriptor, 901)] {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(place))
    }
    var child = pid_t()
    let words = ["sleep", "120"]
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { unsafe arguments.forEach { unsafe free($0) } }
    let failure = unsafe posix_spawn(&child, "/bin/sleep", &actions, nil, &arguments, nil)
    guard failure == 0 else { throw RawConnection.Failure(call: "posix_spawn", code: failure) }
    stopListening()
    connection.close()
    return child
  }
}
