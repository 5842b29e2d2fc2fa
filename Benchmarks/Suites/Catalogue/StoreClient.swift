// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// A connection to a member of a store, with one operation under way at a time.
final class StoreClient {
  let descriptor: Int32
  private var dialect: any Dialect
  private var outgoing: [UInt8] = []
  private var incoming: [UInt8] = []
  private var head = 0
  private var scratch = [UInt8](repeating: 0, count: 64 << 10)

  /// Seconds that connecting and sending may take.
  private static let patience = 10

  /// Connects to `HOST:PORT` or to a path, and says what clients say first.
  init(_ endpoint: String, _ dialect: any Dialect) throws {
    self.dialect = dialect
    descriptor = try Self.connect(endpoint)
    self.dialect.greet(into: &outgoing)
    try flush()
    while !self.dialect.isWelcome { try waitForMore() }
  }

  deinit { close(descriptor) }

  private static func connect(_ endpoint: String) throws -> Int32 {
    let isPath = endpoint.hasPrefix("/")
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = socket(isPath ? AF_UNIX : AF_INET, kind, 0)
    guard number >= 0 else { throw BenchmarkError.system("socket") }
    var limit = timeval(tv_sec: patience, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    unsafe setsockopt(number, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    let result: Int32
    if isPath {
      result = unsafe LocalSocket.withAddress(endpoint) {
        unsafe Glibc.connect(number, $0, $1)
      }
    } else {
      var one: Int32 = 1
      unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
      address.sin_port = UInt16(endpoint.split(separator: ":").last ?? "")?.bigEndian ?? 0
      result = unsafe withUnsafeBytes(of: &address) { raw in
        unsafe Glibc.connect(
          number, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
      }
    }
    guard result == 0 else {
      let error = BenchmarkError.system("cannot connect to \(endpoint)")
      close(number)
      throw error
    }
    return number
  }

  /// Begins an operation.
  func ask(_ work: StoreWork, key: Int, value: [UInt8]) throws {
    dialect.ask(work, key: key, value: value, into: &outgoing)
    try flush()
  }

  /// Takes in what has come. True where an answer is whole.
  func receive() throws -> Bool {
    let count = unsafe scratch.withUnsafeMutableBytes { raw in
      unsafe recv(descriptor, raw.baseAddress, raw.count, Int32(MSG_DONTWAIT))
    }
    if count < 0, errno == EAGAIN || errno == EINTR { return false }
    guard count > 0 else { throw BenchmarkError("a member closed a connection") }
    incoming += scratch[..<count]
    var hasAnswer = false
    loop: while true {
      switch try dialect.take(incoming[head...], into: &outgoing) {
      case .nothing: break loop
      case .message(let bytes): head += bytes
      case .answer(let bytes):
        head += bytes
        hasAnswer = true
      }
    }
    if head == incoming.count {
      incoming.removeAll(keepingCapacity: true)
      head = 0
    }
    if !outgoing.isEmpty { try flush() }
    return hasAnswer
  }

  private func flush() throws {
    var sent = 0
    while sent < outgoing.count {
      let count = unsafe outgoing.withUnsafeBytes { raw in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: raw[sent...])
        return unsafe send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw BenchmarkError.system("a member takes nothing") }
      sent += count
    }
    outgoing.removeAll(keepingCapacity: true)
  }

  private func waitForMore() throws {
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&place, 1, Int32(Self.patience * 1000)) > 0 else {
      throw BenchmarkError("a member does not answer")
    }
    _ = try receive()
  }

  /// One operation, from start to end.
  func perform(_ work: StoreWork, key: Int, value: [UInt8]) throws {
    try ask(work, key: key, value: value)
    var place = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    repeat {
      guard unsafe poll(&place, 1, Int32(Self.patience * 1000)) > 0 else {
        throw BenchmarkError("a member does not answer")
      }
    } while try !receive()
  }
}
