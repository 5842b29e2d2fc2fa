// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc

/// Directories that this user alone can look into.
package enum PrivateDirectory {
  /// Where the sockets of this user's nodes are: `$XDG_RUNTIME_DIR/mapred`, or `/tmp/mapred-UID`.
  package static func ofSockets(_ environment: [String: String], user: UInt32) -> String {
    SettingsSources.absolute(environment["XDG_RUNTIME_DIR"]).map { "\($0)/mapred" }
      ?? "/tmp/mapred-\(user)"
  }

  package static var ofSockets: String {
    ofSockets(SettingsSources.processEnvironment, user: geteuid())
  }

  /// Makes a directory where there is none. Throws where it is another user's, or open to others.
  package static func make(_ path: String) throws(FabricError) {
    if unsafe mkdir(path, 0o700) != 0, errno != EEXIST {
      throw FabricError(
        .address, "cannot make the directory \(path): \(errorText(errno))",
        advice: "set XDG_RUNTIME_DIR to a directory of your own")
    }
    try check(path)
  }

  /// What is wrong with a directory that is to be private.
  package static func check(_ path: String) throws(FabricError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { throw .system("cannot look at \(path)", errno) }
    let advice = "remove it, or set XDG_RUNTIME_DIR to a directory of your own"
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw FabricError(.address, "\(path) is there and is no directory", advice: advice)
    }
    guard status.st_uid == geteuid() else {
      throw FabricError(
        .address, "\(path) belongs to the user with number \(status.st_uid), not to this one",
        advice: advice)
    }
    guard status.st_mode & 0o077 == 0 else {
      throw FabricError(
        .address, "others may look into \(path), which is to be private",
        advice: "chmod 700 \(path)")
    }
  }

  /// The names in a directory, in their order; nil where it cannot be read.
  package static func names(in path: String) -> [String]? {
    guard let handle = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Removes a directory with the files in it. Links are removed, not followed.
  package static func remove(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
    for name in names(in: path) ?? [] {
      let inner = "\(path)/\(name)"
      if unsafe unlink(inner) != 0, errno == EISDIR || errno == EPERM { remove(inner) }
    }
    _ = unsafe rmdir(path)
  }

  /// Runs `body` while no other process of this user does the same with this directory.
  package static func locked<R>(
    _ path: String, _ body: () throws(FabricError) -> R
  ) throws(FabricError) -> R {
    let lock = try PathListener.lock(path)
    defer { lock.close() }
    return try body()
  }
}
