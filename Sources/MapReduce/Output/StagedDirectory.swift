// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// A directory that appears whole or not at all: it is filled under a hidden name beside its place
/// and renamed when everything in it is on the disk.
final class StagedDirectory: @unchecked Sendable {
  // Sendable because it is handed from the thread that checks to the one that writes.
  /// Where it will appear.
  let path: String
  private let parent: String
  private let name: String
  private var staged: String?

  /// Checks that `path` can appear: before any work is done for it.
  init(_ path: String) throws {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard !trimmed.isEmpty, trimmed != "/", trimmed != ".", trimmed != ".." else {
      throw JobError(.usage, "\"\(path)\" cannot be an output directory")
    }
    self.path = trimmed
    let slash = trimmed.lastIndex(of: "/")
    name = slash.map { String(trimmed[trimmed.index(after: $0)...]) } ?? trimmed
    parent = slash.map { $0 == trimmed.startIndex ? "/" : String(trimmed[..<$0]) } ?? "."
    try check()
    removeStale()
  }

  private func check() throws {
    var status = stat()
    if unsafe lstat(path, &status) == 0 {
      throw JobError(
        .cannotWrite, "output directory \(path) exists already; nothing was changed",
        advice: "name another directory, or remove it first: rm -r \(path)")
    }
    guard unsafe stat(parent, &status) == 0 else {
      throw JobError(
        .cannotWrite, "cannot write \(path): \(parent): \(errorText(errno))",
        advice: "make it first: mkdir -p \(parent)")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw OutputFile.cannotWrite(path, ENOTDIR) }
    guard unsafe access(parent, W_OK | X_OK) == 0 else {
      throw OutputFile.cannotWrite(path, errno)
    }
  }

  private var prefix: String { ".\(name).mapred-" }

  /// Removes what a process left behind that was killed while it wrote to the same place.
  private func removeStale() {
    for found in Directory.names(in: parent) ?? [] {
      guard found.hasPrefix(prefix), let pid = pid_t(found.dropFirst(prefix.count)) else {
        continue
      }
      // Our own number can only have been another process's before us.
      if pid == getpid() || (kill(pid, 0) != 0 && errno == ESRCH) {
        Directory.remove("\(parent)/\(found)")
      }
    }
  }

  /// The hidden directory, made when the first file is.
  func begin() throws -> String {
    if let staged { return staged }
    let staged = "\(parent)/\(prefix)\(getpid())"
    guard unsafe mkdir(staged, 0o755) == 0 else { throw OutputFile.cannotWrite(path, errno) }
    self.staged = staged
    return staged
  }

  /// Makes everything visible, by one rename.
  func commit() throws {
    guard let staged else { return }
    try Self.sync(staged)
    let status = unsafe mapred_rename_exclusive(staged, path)
    guard status == 0 else {
      if status == EEXIST || status == ENOTEMPTY { try check() }
      throw OutputFile.cannotWrite(path, status)
    }
    self.staged = nil
    try Self.sync(parent)
  }

  /// Removes what was staged.
  func abandon() {
    if let staged { Directory.remove(staged) }
    staged = nil
  }

  static func sync(_ directory: String) throws {
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw OutputFile.cannotWrite(directory, errno) }
    defer { close(descriptor) }
    // Some file systems cannot sync a directory, and need not.
    if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS {
      throw OutputFile.cannotWrite(directory, errno)
    }
  }
}
