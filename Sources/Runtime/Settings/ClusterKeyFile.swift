// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// The file that holds a cluster's secret.
enum ClusterKeyFile {
  /// Longer keys are no safer; a file that long is something else.
  private static let bytesMaximum = 4096

  /// The secret: all bytes of the file. A file that others may read holds no secret.
  static func read(_ path: String) throws(Complaint) -> ClusterKey {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Complaint(
        message: "cannot be read: \(path): \(FileBytes.describe(errno))",
        advice: "make a key with: (umask 077; head -c 32 /dev/urandom > \(path))")
    }
    defer { close(descriptor) }
    // What was opened is looked at, not what stands at the path by then.
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw Complaint(message: "is no file: \(path)", advice: "name a file that holds a secret")
    }
    guard status.st_uid == geteuid() else {
      throw Complaint(
        message: "names a file of another user: \(path) belongs to user \(status.st_uid)",
        advice: "give it to the user of this node: chown \(geteuid()) \(path)")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw Complaint(
        message: "names a file that others may use: \(path) has mode "
          + String(status.st_mode & 0o7777, radix: 8),
        advice: "chmod 600 \(path); if others could read it, make a new key for all nodes")
    }
    return try key(FileBytes.read(descriptor, most: bytesMaximum), path)
  }

  private static func key(
    _ outcome: FileBytes.Outcome, _ path: String
  ) throws(Complaint) -> ClusterKey {
    switch outcome {
    case .bytes(let bytes):
      do { return try ClusterKey(bytes) } catch {
        throw Complaint(
          message: "names a key of \(bytes.count) bytes: \(path)",
          advice: "a key has \(ClusterKey.bytesMinimum) bytes or more: "
            + "head -c 32 /dev/urandom > \(path)")
      }
    case .tooLarge:
      throw Complaint(
        message: "names a file of more than \(bytesMaximum) bytes: \(path)",
        advice: "name a file that holds a secret alone")
    case .missing: throw Complaint(message: "names no file: \(path)", advice: "name a file")
    case .failed(let reason):
      throw Complaint(
        message: "cannot be read: \(path): \(reason)", advice: "name a file that can be read")
    }
  }
}
