// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Memory
import Replication
import Vocabulary

/// Somebody who looks which results there are, and reads them, at any node, while jobs make new
/// ones and nodes die.
struct SimulatedReader {
  /// A version that is being read, partition by partition.
  struct Reading {
    let version: ResultVersion
    /// Partitions that are still to be read, the next one last.
    var partitions: [Int]
    /// What came of the next one so far.
    var bytes: [UInt8] = []
    /// Requests that came to nothing in a row.
    var failures = 0
    /// Whether a node says that the version is gone.
    var isRefused = false
  }

  /// Questions that it still asks.
  var left: Int
  /// What it asks; with a reading: whether that version is still there.
  var question: JobQuestion?
  var reading: Reading?
  var request: UInt64?
  /// What anybody had been told when the request was sent.
  var floor = ReadingChecker.Floor()
  /// Counts what it planned: it asks once at a time.
  var plan = 0

  /// So many requests in vain, and it asks whether the version is still there.
  static let failuresMaximum = 3

  var isDone: Bool { left == 0 && question == nil && reading == nil }

  /// What it asks a node for next; nil where it has seen enough.
  mutating func next(
    _ random: inout SeededRandom, isHealing: Bool
  ) -> Request? {
    if let reading, reading.failures >= Self.failuresMaximum || reading.isRefused, question == nil {
      question = .find(name: reading.version.name, .version(reading.version.version))
    }
    if question == nil, let reading, let partition = reading.partitions.last {
      return .read(
        RunQuestion(
          step: reading.version.step, partition: partition, start: .offset(reading.bytes.count)))
    }
    if question == nil {
      guard left > 0 else { return nil }
      left -= 1
      question = Self.question(&random)
    }
    guard let question else { return nil }
    var content = ByteBuffer()
    question.write(into: &content)
    var out = ByteBuffer()
    Submission.question(content.bytes).write(into: &out)
    return .submit(Array(out.bytes))
  }

  private static func question(_ random: inout SeededRandom) -> JobQuestion {
    let name = random.pick(SimulatedJob.names)
    switch random.below(6) {
    case 0, 1: return .results(prefix: "")
    case 2: return .log(name: name)
    case 3: return .find(name: name, .version(UInt64(random.number(in: 1...6))))
    default: return .find(name: name, .latest)
    }
  }

  /// Begins to read a version: all of it, or some partitions.
  mutating func read(_ version: ResultVersion, _ random: inout SeededRandom) {
    let all = version.runs.indices.filter { version.runs[$0].bytes > 0 }
    let isThorough = random.once(in: 2)
    let chosen = isThorough ? all : all.filter { _ in random.once(in: 6) }
    reading = chosen.isEmpty ? nil : Reading(version: version, partitions: chosen)
  }

  /// A request came to nothing: it asks again, elsewhere.
  mutating func fail() {
    request = nil
    reading?.failures += 1
  }
}
