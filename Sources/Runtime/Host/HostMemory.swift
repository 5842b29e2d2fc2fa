// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How much memory the processes of this control group may have.
package enum HostMemory {
  /// What the host has, in bytes.
  static var ofHost: Int { sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) }

  /// What this process may have: what the host has, or less, where its control group may have less.
  package static var available: Int { min(ofHost, groupLimit ?? .max) }

  /// How much of it jobs may take where nobody says otherwise.
  package static func standard(of bytes: Int) -> Int { bytes / 10 * 6 }

  /// The limit of this process's control group; nil where there is none.
  package static var groupLimit: Int? {
    var limits = [limit("/sys/fs/cgroup/memory/memory.limit_in_bytes")]
    guard case .bytes(let bytes) = FileBytes.read("/proc/self/cgroup", most: 1 << 16) else {
      return limits[0]
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    for line in lines where line.starts(with: Array("0::".utf8)) {
      // Groups lie in groups, and each limit counts.
      var path = String(decoding: line.dropFirst(3), as: UTF8.self)
      while true {
        limits.append(limit("/sys/fs/cgroup\(path == "/" ? "" : path)/memory.max"))
        guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
        path = slash == path.startIndex ? "/" : String(path[..<slash])
      }
    }
    return limits.compactMap { $0 }.min()
  }

  /// What such a file says; `max`, and more than any host has, is no limit.
  private static func limit(_ path: String) -> Int? {
    guard case .bytes(let bytes) = FileBytes.read(path, most: 64),
      let number = Int(String(decoding: bytes.prefix { $0 > 0x20 }, as: UTF8.self)),
      number < 1 << 60
    else { return nil }
    return number
  }
}
