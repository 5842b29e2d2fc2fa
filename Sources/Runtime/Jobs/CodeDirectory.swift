// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// The directory of a node's executables. While the node lives it holds the directory's lock, so
/// that what a killed one has left is known by nobody holding it, and removed by the next node that
/// starts there.
final class CodeDirectory {
  let path: String
  private let lock: Descriptor

  private static let prefix = "mapred-"
  private static let suffix = ".code"
  private static let attempts = 1000

  /// Makes the directory of the node `name` in `parent`.
  init(of name: String, in parent: String) throws(FabricError) {
    path = "\(parent)/\(Self.prefix)\(name)\(Self.suffix)"
    for _ in 0..<Self.attempts {
      // Closed to others until it is locked: who may not open it cannot hold its lock.
      guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
        throw .system("cannot make \(path), where executables are kept", errno)
      }
      if let lock = Self.lock(path) {
        guard fchmod(lock.number, 0o755) == 0 else {
          throw .system("cannot open \(path) to executors", errno)
        }
        self.lock = lock
        return
      }
      // Another node that starts looks at it, or has just removed it.
      usleep(1000)
    }
    throw FabricError(
      .address, "another process holds the lock of \(path), where executables are kept",
      advice: "set executor.directory to a directory of this user's own")
  }

  /// Holds the lock of a directory that is still there; nil where that cannot be.
  private static func lock(_ path: String) -> Descriptor? {
    let number = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let lock = Descriptor(number)
    var own = stat()
    var found = stat()
    guard flock(number, LOCK_EX | LOCK_NB) == 0, unsafe fstat(number, &own) == 0,
      unsafe lstat(path, &found) == 0, own.st_ino == found.st_ino, own.st_dev == found.st_dev,
      own.st_uid == geteuid()
    else { return nil }
    return lock
  }

  /// Removes what nodes of this user that were killed have left in `parent`.
  static func removeAbandoned(in parent: String) {
    for name in PrivateDirectory.names(in: parent) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      let path = "\(parent)/\(name)"
      guard let lock = lock(path) else { continue }
      PrivateDirectory.remove(path)
      _ = lock
    }
  }

  func remove() { PrivateDirectory.remove(path) }
}
