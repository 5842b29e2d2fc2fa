// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Looks into directories.
package enum Directory {
  /// The names in a directory, without `.` and `..`, in no order; nil where it cannot be read, with
  /// the reason in `errno`.
  static func names(in path: String) -> [String]? {
    guard let handle = unsafe opendir(path) else { return nil }
    defer { unsafe closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// Removes a file, or a directory with all that is in it. A link is removed, not followed.
  package static func remove(_ path: String) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      unsafe unlink(path)
      return
    }
    for name in names(in: path) ?? [] { remove("\(path)/\(name)") }
    unsafe rmdir(path)
  }
}
