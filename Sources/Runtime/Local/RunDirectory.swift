// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc

/// The place of a cluster that lives for one run: named by its process, so that what a killed one
/// left is found.
package enum RunDirectory {
  private static let prefix = "run-"

  /// A new directory for this process, in that of this user's sockets. Those of processes that are
  /// gone are removed.
  package static func make(
    base: String = PrivateDirectory.ofSockets
  ) throws(FabricError) -> String {
    try PrivateDirectory.make(base)
    for name in PrivateDirectory.names(in: base) ?? [] {
      guard let mark = mark(name), ProcessMark(running: mark.number) != mark else { continue }
      PrivateDirectory.remove("\(base)/\(name)")
    }
    guard let own = ProcessMark.own else {
      throw FabricError(.system, "cannot read /proc/self/stat", advice: "mount /proc")
    }
    let path = "\(base)/\(prefix)\(own.number)-\(own.started)"
    try PrivateDirectory.make(path)
    return path
  }

  /// The process of a directory of this name; nil where it is none of ours.
  static func mark(_ name: String) -> ProcessMark? {
    guard name.hasPrefix(prefix) else { return nil }
    let parts = name.dropFirst(prefix.count).split(separator: "-")
    guard parts.count == 2, let number = Int32(parts[0]), number > 0,
      let started = UInt64(parts[1])
    else { return nil }
    return ProcessMark(number: number, started: started)
  }
}
