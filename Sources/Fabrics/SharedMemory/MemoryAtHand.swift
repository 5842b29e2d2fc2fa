// SPDX-License-Identifier: Apache-2.0
import Glibc
import Vocabulary

/// How much memory this process can still get: a reservation that asks for more would not fail, but
/// have some process of the machine killed.
package enum MemoryAtHand {
  /// What limits a reservation: how many bytes are left, and of what.
  package struct Limit: Equatable {
    package let bytes: UInt64
    package let name: String
  }

  /// The tightest limit; nil where nothing is known.
  package static func tightest() -> Limit? {
    var limits: [Limit] = []
    if let text = read("/proc/meminfo"), let free = available(meminfo: text) {
      limits.append(Limit(bytes: free, name: "the machine's memory"))
    }
    if let text = read("/proc/self/cgroup"), let path = controlGroup(text) {
      limits += controlGroupLimits(path)
    }
    return limits.min { $0.bytes < $1.bytes }
  }

  /// Memory that can be had without swapping, and free swap.
  static func available(meminfo text: String) -> UInt64? {
    var bytes: UInt64?
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let kibibytes = UInt64(words[1]) else { continue }
      if words[0] == "MemAvailable:" || words[0] == "SwapFree:" {
        bytes = (bytes ?? 0) + kibibytes << 10
      }
    }
    return bytes
  }

  /// The path of the control group in the one hierarchy that has all controllers.
  static func controlGroup(_ text: String) -> String? {
    text.split(separator: "\n").first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
  }

  /// What is left of the limits of a group and of those around it.
  private static func controlGroupLimits(_ path: String) -> [Limit] {
    var parts = path.split(separator: "/")
    var limits: [Limit] = []
    while true {
      let directory = "/sys/fs/cgroup/" + parts.joined(separator: "/")
      if let most = read(directory + "/memory.max"), let used = read(directory + "/memory.current"),
        let most = number(most), let used = number(used)
      {
        limits.append(
          Limit(
            bytes: most > used ? most - used : 0, name: "the memory limit of \(directory)"))
      }
      guard parts.popLast() != nil else { return limits }
    }
  }

  /// The number that a file of one line holds; nil for "max".
  static func number(_ text: String) -> UInt64? {
    text.split(separator: "\n").first.flatMap { UInt64($0) }
  }

  /// A small file of the system as text.
  static func read(_ path: String) -> String? {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(number)
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe Glibc.read(file.number, $0.baseAddress, $0.count)
    }
    return count < 0 ? nil : String(decoding: bytes[..<count], as: UTF8.self)
  }
}
