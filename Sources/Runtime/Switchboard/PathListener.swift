// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// The socket of local clients: a file that only this user can open.
///
/// Those who start at the same time take turns by a lock of the directory, so none removes the
/// file that another has just made.
final class PathListener {
  let socket: Socket
  private let path: String
  private let identity: (device: dev_t, file: ino_t)

  /// How often and how far apart the lock is tried: two seconds.
  private static let lockAttempts = 200
  private static let lockMicroseconds: useconds_t = 10_000

  init(_ path: String) throws(FabricError) {
    try LocalSocket.check(path)
    let directory = Self.directory(of: path)
    try Self.make(directory)
    let lock = try Self.lock(directory)
    defer { lock.close() }
    let made = try Self.socket()
    let failure = Self.bind(made, path)
    if failure == EADDRINUSE {
      try Self.removeStale(path)
      let again = Self.bind(made, path)
      guard again == 0 else { throw Self.error(path, again) }
    } else if failure != 0 {
      throw Self.error(path, failure)
    }
    var status = stat()
    // Nobody can connect before `listen`, and then the file is this user's alone.
    guard unsafe chmod(path, 0o600) == 0, unsafe lstat(path, &status) == 0,
      listen(made.descriptor, 128) == 0
    else { throw Self.error(path, errno) }
    socket = made
    self.path = path
    identity = (status.st_dev, status.st_ino)
  }

  /// Removes the file, unless it is another's by now.
  func remove() {
    let lock = try? Self.lock(Self.directory(of: path))
    defer { lock?.close() }
    var status = stat()
    guard unsafe lstat(path, &status) == 0,
      (status.st_dev, status.st_ino) == identity
    else { return }
    _ = unsafe unlink(path)
  }

  private static func socket() throws(FabricError) -> Socket {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_UNIX, kind, 0)
    guard number >= 0 else { throw .system("cannot make a Unix socket", errno) }
    return Socket(owning: number)
  }

  private static func bind(_ socket: Socket, _ path: String) -> Int32 {
    let result = unsafe LocalSocket.withAddress(path) {
      unsafe Glibc.bind(socket.descriptor, $0, $1)
    }
    return result == 0 ? 0 : errno
  }

  private static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Makes a directory, and those that it lies in, for this user alone.
  private static func make(_ directory: String) throws(FabricError) {
    if unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST { return }
    if errno == ENOENT {
      try make(Self.directory(of: directory))
      if unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST { return }
    }
    throw FabricError(
      .address, "cannot make \(directory), the directory of the socket: \(errorText(errno))",
      advice: "choose another path for the socket")
  }

  /// Holds the lock of a directory until it is closed.
  static func lock(_ directory: String) throws(FabricError) -> Socket {
    let number = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .system("cannot open \(directory)", errno) }
    let lock = Socket(owning: number)
    // Nodes hold it for a moment. Whoever may read the directory may hold it for ever.
    for _ in 0..<lockAttempts {
      if flock(number, LOCK_EX | LOCK_NB) == 0 { return lock }
      usleep(lockMicroseconds)
    }
    throw FabricError(
      .address, "another process holds the lock of \(directory), the directory of the socket",
      advice: "give the socket a directory of its own")
  }

  /// Removes the socket of a process that is gone.
  private static func removeStale(_ path: String) throws(FabricError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw FabricError(
        .address, "\(path) is there and is not a socket",
        advice: "choose another path for the socket, or remove it")
    }
    let probe = try socket()
    let result = unsafe LocalSocket.withAddress(path) {
      unsafe connect(probe.descriptor, $0, $1)
    }
    if result != 0, errno == ECONNREFUSED {
      _ = unsafe unlink(path)
    } else if result == 0 || errno != ENOENT {
      throw FabricError(
        .address, "another node listens at \(path)",
        advice: "end it, or give this node another path")
    }
  }

  private static func error(_ path: String, _ code: Int32) -> FabricError {
    FabricError(
      .address, "cannot listen at \(path): \(errorText(code))",
      advice: "choose another path for the socket")
  }
}
