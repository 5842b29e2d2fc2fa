// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What figures of this host were measured on.
package enum MeasuredHost {
  package static var processors: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  package static var memoryBytes: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// The name of the processor.
  package static var processor: String {
    let mark = "model name"
    let line = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix(mark) }
    guard let line, let colon = line.firstIndex(of: ":") else { return "unknown" }
    return String(line[line.index(after: colon)...].drop { $0 == " " })
  }

  /// How many threads wanted to run in the last minute: above 0 before a measurement means that
  /// others are at work.
  package static var load: Double {
    text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? .nan
  }

  /// The kernel's release.
  package static var kernel: String {
    String(text("/proc/sys/kernel/osrelease").prefix { !$0.isNewline })
  }

  /// Now, in UTC: `2026-11-26 04:21`.
  package static var now: String {
    var time = Glibc.time(nil)
    var parts = unsafe tm()
    unsafe gmtime_r(&time, &parts)
    func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let date = unsafe [parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday].map(padded)
    let clock = unsafe [parts.tm_hour, parts.tm_min].map(padded)
    return date.joined(separator: "-") + " " + clock.joined(separator: ":")
  }

  /// The file of this name in the directories of `PATH` that this user may run.
  package static func program(_ name: String) -> String? {
    if name.contains("/") { return unsafe access(name, X_OK) == 0 ? name : nil }
    let path = SettingsSources.processEnvironment["PATH"] ?? "/usr/bin:/bin"
    return path.split(separator: ":").map { "\($0)/\(name)" }
      .first { unsafe access($0, X_OK) == 0 }
  }

  /// Whether this user may read a file.
  package static func canRead(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }

  private static func text(_ path: String) -> String {
    guard case .bytes(let bytes) = FileBytes.read(path, most: 1 << 22) else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }
}
