// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// The word count of a whole process against the C++ program that does the same.
enum WordCountSuite: Suite {
  static let name = "wordcount"
  private static let size = Parameter(name: "bytes", large: 256 << 20, small: 4 << 20)
  static var parameters: [Parameter] { [size] }
  private static let reference = "C++ wordcount"

  static func run(_ session: Session) throws {
    let input = try session.text(size)
    let engine = try session.engine()
    let expected = session.scratch.file("expected")
    defer { Files.remove(expected) }
    let program = try session.references.program("wordcount")
    var contestants: [Contestant] = []
    if let program {
      contestants.append(
        Contestant(name: reference) {
          Files.remove(expected)
          return try ChildProcess.measure([program, input.path, expected])
        })
    }
    for threads in session.threadCounts {
      contestants.append(
        Contestant(name: label(threads)) {
          try engine.run("wordcount", [input.path], result: "wordcount", threads: threads) {
            if program != nil { try Engine.check($0, against: expected) }
          }
        })
    }
    let standings = try session.contest(contestants)
    report(standings, input, session)
    try reportMemory(of: input, engine, session)
  }

  private static func report(_ standings: Standings, _ input: Input, _ session: Session) {
    let single = standings[label(1)]
    for threads in session.threadCounts {
      let name = label(threads)
      let samples = standings[name]
      for metric in [Metric.cpu, .wall] {
        session.reporter.show(name, metric, samples, against: reference, standings[reference])
      }
      session.reporter.show(name, .rate(bytes: input.bytes), samples)
      session.reporter.show(name, .peak, samples)
      if threads > 1 { session.reporter.showSpeedUp(name, samples, over: single) }
    }
  }

  /// Memory should follow the result, not the input.
  private static func reportMemory(
    of input: Input, _ engine: Engine, _ session: Session
  ) throws {
    for parts in [8, 2, 1] {
      let part = try session.inputs.beginning(of: input, oneIn: parts)
      defer { if parts > 1 { Files.remove(part.path) } }
      let name = parts == 1 ? "whole input" : "1/\(parts) of the input"
      let turn = Contestant(name: name) {
        try engine.run("wordcount", [part.path], result: "wordcount")
      }
      session.reporter.show(name, .peak, try session.contest([turn])[name])
    }
  }
}

/// How many threads, as a case's name.
func label(_ threads: Int) -> String { threads == 1 ? "1 thread" : "\(threads) threads" }

extension Reporter {
  /// How many times as fast as the baseline, round by round.
  func showSpeedUp(_ name: String, _ samples: [Sample], over baseline: [Sample]) {
    show(
      Figure(
        name: name, metric: "speed-up", unit: "x",
        values: zip(baseline, samples).map { $0.wall / $1.wall }))
  }
}
