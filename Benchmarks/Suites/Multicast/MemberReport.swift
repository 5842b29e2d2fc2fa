// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc

/// What one member tells of a workload, as one line.
struct MemberReport {
  /// Messages that it delivered while it measured; 0 for members that only send.
  var delivered = 0
  /// Seconds from the end of the warm-up until it had done its part.
  var seconds = 0.0
  /// Processor time of these seconds, of all its threads.
  var cpu = 0.0
  /// The most memory that was resident, and its share of what is resident now: pages that members
  /// have in common count in parts.
  var peakBytes = 0
  var shareBytes = 0
  var delays = DelayHistogram()

  init() {}

  var line: String {
    JSON.object([
      ("delivered", .integer(delivered)), ("seconds", .number(seconds)), ("cpu", .number(cpu)),
      ("peak", .integer(peakBytes)), ("share", .integer(shareBytes)),
      ("delays", .text(delays.text)),
    ]).line
  }

  init?(line: String) {
    let fields = FlatObject(line)
    guard let delivered = fields["delivered"].flatMap({ Int($0) }),
      let seconds = fields.number("seconds"), let cpu = fields.number("cpu"),
      let peak = fields["peak"].flatMap({ Int($0) }),
      let share = fields["share"].flatMap({ Int($0) }),
      let delays = fields["delays"].flatMap({ DelayHistogram(text: $0) })
    else { return nil }
    self.delivered = delivered
    self.seconds = seconds
    self.cpu = cpu
    peakBytes = peak
    shareBytes = share
    self.delays = delays
  }

  /// Notes this process's memory.
  mutating func measureMemory() {
    peakBytes = Self.kibibytes("VmHWM:", in: "/proc/self/status") << 10
    shareBytes = Self.kibibytes("Pss:", in: "/proc/self/smaps_rollup") << 10
  }

  private static func kibibytes(_ name: String, in path: String) -> Int {
    let text = (try? Files.read(path, atMost: 64 << 10)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let words = line.split { $0 == " " || $0 == "\t" }
      return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }
    return 0
  }
}
