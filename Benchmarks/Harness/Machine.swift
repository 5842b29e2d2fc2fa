// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory
import Vocabulary

/// What the figures were measured on.
enum Machine {
  static var description: [(String, JSON)] {
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    return [
      ("cores", .integer(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
      ("cpu", .text(processor)),
      ("memory", .text(ByteCount(memory).description)),
      ("load", .number(load)),
      ("swift", .text(firstLine(of: ["swift", "--version"]))),
      ("c++", .text(References.compiler.map { firstLine(of: [$0, "--version"]) } ?? "none")),
      ("lz4", .bool(BlockCodec.isAvailable)),
    ]
  }

  /// The same on one line.
  static func words(_ fields: ArraySlice<(String, JSON)>) -> String {
    fields.map { name, value in
      if case .text(let text) = value { return "\(name) \(text)" }
      return "\(name) \(value.line)"
    }.joined(separator: " · ")
  }

  /// How many threads wanted to run of late: above 0 before we begin means that others are at work.
  private static var load: Double {
    let text = (try? Files.read("/proc/loadavg", atMost: 100)) ?? ""
    return text.split(separator: " ").first.flatMap { Double($0) } ?? .nan
  }

  private static var processor: String {
    let text = (try? Files.read("/proc/cpuinfo", atMost: 64 << 10)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") {
        return String(line[line.index(after: colon)...].drop { $0 == " " })
      }
    }
    return "unknown"
  }

  /// The compilers on the path; that of Swift is taken to be the one that built this program.
  private static func firstLine(of command: [String]) -> String {
    guard let text = try? ChildProcess.output(of: command) else { return "unknown" }
    return text.split(separator: "\n").first.map(String.init) ?? "unknown"
  }
}
