// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What one turn took.
struct Sample {
  /// Seconds on the clock.
  var wall: Double
  /// Seconds of processor time, user and system.
  var cpu: Double
  /// The most memory that was resident, in bytes; 0 where it could not be measured.
  var peak = 0
  /// What else was measured, by name.
  var figures: [String: Double] = [:]
}

/// Reads a clock of the system, in seconds.
func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  unsafe clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// Times `body` on this thread.
func timed(_ body: () throws -> Void) rethrows -> Sample {
  let wall = seconds(CLOCK_MONOTONIC)
  let cpu = seconds(CLOCK_THREAD_CPUTIME_ID)
  try body()
  return Sample(
    wall: seconds(CLOCK_MONOTONIC) - wall, cpu: seconds(CLOCK_THREAD_CPUTIME_ID) - cpu)
}

/// A figure that is taken from samples.
struct Metric: Sendable {
  let name: String
  let unit: String
  /// Nil where the sample does not tell it.
  let value: @Sendable (Sample) -> Double?

  static let cpu = Metric(name: "cpu time", unit: "s") { $0.cpu }
  static let wall = Metric(name: "wall time", unit: "s") { $0.wall }
  static let peak = Metric(name: "peak memory", unit: "MiB") {
    $0.peak > 0 ? Double($0.peak) / 1_048_576 : nil
  }

  /// Something else that was measured, by its name.
  static func named(_ name: String, _ unit: String) -> Metric {
    Metric(name: name, unit: unit) { $0.figures[name] }
  }

  /// Bytes worked through in a second of the clock.
  static func rate(bytes: Int) -> Metric {
    Metric(name: "rate", unit: "MB/s") { Double(bytes) / 1e6 / $0.wall }
  }

  /// Bytes worked through in a second of processor time.
  static func cpuRate(bytes: Int) -> Metric {
    Metric(name: "rate", unit: "MB/s") { Double(bytes) / 1e6 / $0.cpu }
  }
}

/// Something that takes turns.
struct Contestant {
  let name: String
  let turn: () throws -> Sample
}

/// The samples of all contestants, by name; none for who did not take part.
struct Standings {
  fileprivate var samples: [String: [Sample]] = [:]
  subscript(name: String) -> [Sample] { samples[name, default: []] }
}

extension Session {
  /// Lets each contestant take a turn that does not count, then all of them in the same order as
  /// often as asked for: what disturbs the machine for a while disturbs all alike.
  func contest(_ contestants: [Contestant], repetitions: Int? = nil) throws -> Standings {
    var standings = Standings()
    for round in 0...(repetitions ?? self.repetitions) {
      for contestant in contestants {
        try Interruption.check()
        let sample = try contestant.turn()
        if round > 0 { standings.samples[contestant.name, default: []].append(sample) }
      }
    }
    try Interruption.check()
    return standings
  }
}

/// The middle one; the mean of the two middle ones where their number is even.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard !sorted.isEmpty else { return .nan }
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}
