// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Glibc

/// Unix sockets that keep messages apart and carry descriptors. None of these calls waits.
package enum LocalSocket {
  /// The longest path that the system takes.
  package static let pathBytesMaximum = 107

  /// Whether `path` is where a socket can be; throws where it is too long.
  package static func check(_ path: String) throws(FabricError) {
    guard !path.isEmpty, path.utf8.count <= pathBytesMaximum else {
      throw FabricError(
        .address,
        "\(path.isEmpty ? "an empty path" : path) cannot be the path of a socket: it has "
          + "\(path.utf8.count) bytes, and 1 to \(pathBytesMaximum) are possible",
        advice: "use a shorter directory, such as /run/mapred")
    }
  }

  private static func make() throws(FabricError) -> Descriptor {
    let type =
      Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
      | Int32(SOCK_CLOEXEC.rawValue)
    let number = socket(AF_UNIX, type, 0)
    guard number >= 0 else { throw .system("cannot make a Unix socket", errno) }
    return Descriptor(number)
  }

  /// The address of `path`, as calls take it.
  package static func withAddress<R>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let size = MemoryLayout<sockaddr_un>.size
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
      unsafe room.copyBytes(from: path.utf8.prefix(pathBytesMaximum))
    }
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(size))
      }
    }
  }

  /// A socket that listens at `path`, for this user alone. What a dead process left there is
  /// replaced.
  static func listen(_ path: String) throws(FabricError) -> Descriptor {
    try check(path)
    let made = try make()
    var failure = bind(made, path)
    if failure == EADDRINUSE {
      try removeStale(path)
      failure = bind(made, path)
    }
    guard failure == 0 else {
      let isMissing = failure == ENOENT || failure == ENOTDIR
      throw FabricError(
        .address, "cannot listen at \(path): \(errorText(failure))",
        advice: isMissing ? "make the directory first" : "choose another path for this member")
    }
    guard unsafe chmod(path, 0o600) == 0, Glibc.listen(made.number, 128) == 0 else {
      throw .system("cannot listen at \(path)", errno)
    }
    return made
  }

  private static func bind(_ socket: Descriptor, _ path: String) -> Int32 {
    // Nobody may connect between bind and chmod: the mask is not used, because it belongs to the
    // whole process, but nothing listens before chmod.
    unsafe withAddress(path) { unsafe Glibc.bind(socket.number, $0, $1) } == 0 ? 0 : errno
  }

  /// Removes the socket of a process that is gone.
  private static func removeStale(_ path: String) throws(FabricError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw FabricError(
        .address, "\(path) is there and is not a socket",
        advice: "choose another path for this member, or remove it")
    }
    switch try connect(path) {
    case .failed(ECONNREFUSED): _ = unsafe unlink(path)
    case .failed(ENOENT): break
    default:
      throw FabricError(
        .address, "somebody listens at \(path) already",
        advice: "a member with this address is being started: give each member its own")
    }
  }

  enum Connection {
    case made(Descriptor)
    case failed(Int32)
  }

  static func connect(_ path: String) throws(FabricError) -> Connection {
    let made = try make()
    let result = unsafe withAddress(path) { unsafe Glibc.connect(made.number, $0, $1) }
    return result == 0 ? .made(made) : .failed(errno)
  }

  /// The next who connected, if it is of this user or root.
  static func accept(_ listener: Descriptor) -> Descriptor? {
    while true {
      let number = mapred_accept(listener.number)
      guard number >= 0 else { return nil }
      let made = Descriptor(number)
      if isTrusted(made) { return made }
    }
  }

  /// Whether the process at the other end is of this user, or root's.
  static func isTrusted(_ socket: Descriptor) -> Bool { isTrusted(socket.number) }

  package static func isTrusted(_ descriptor: Int32) -> Bool {
    var user: UInt32 = .max
    guard unsafe mapred_peer_user(descriptor, &user) == 0 else { return false }
    return user == geteuid() || user == 0
  }

  /// Sends one message with descriptors. 0, or the number of the error.
  static func send(_ bytes: [UInt8], _ files: [Descriptor], to socket: Descriptor) -> Int32 {
    let numbers = files.map(\.number)
    let sent = unsafe bytes.withUnsafeBytes { raw in
      unsafe numbers.withUnsafeBufferPointer { numbers in
        guard let start = raw.baseAddress else { return 0 }
        // An empty array has no address; the call reads none then.
        guard let first = numbers.baseAddress else {
          var none: Int32 = -1
          return unsafe mapred_send_files(socket.number, start, raw.count, &none, 0)
        }
        return unsafe mapred_send_files(
          socket.number, start, raw.count, first, Int32(numbers.count))
      }
    }
    return sent == bytes.count ? 0 : sent < 0 ? errno : EIO
  }

  enum Message {
    case bytes([UInt8], [Descriptor])
    case nothing
    case end
  }

  /// The next message, of at most `room` bytes.
  static func receive(_ room: Int, from socket: Descriptor) -> Message {
    var bytes = [UInt8](repeating: 0, count: room)
    var numbers = [Int32](repeating: -1, count: 4)
    var fileCount = Int32(numbers.count)
    let count = unsafe bytes.withUnsafeMutableBytes { raw in
      unsafe numbers.withUnsafeMutableBufferPointer { numbers in
        guard let start = raw.baseAddress, let first = numbers.baseAddress
        else { return 0 }
        return unsafe mapred_receive_files(socket.number, start, raw.count, first, &fileCount)
      }
    }
    if count < 0 { return errno == EAGAIN || errno == EINTR ? .nothing : .end }
    let files = numbers.prefix(Int(fileCount)).map { Descriptor($0) }
    return count == 0 ? .end : .bytes(Array(bytes.prefix(count)), files)
  }
}
