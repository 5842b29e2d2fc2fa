// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// The sort of a whole process against the C++ program that does the same, and GNU `sort` with as
/// many threads and as much memory.
enum TeraSortSuite: Suite {
  static let name = "terasort"
  private static let size = Parameter(name: "lines", large: 2_500_000, small: 40_000)
  static var parameters: [Parameter] { [size] }
  private static let reference = "C++ terasort"

  static func run(_ session: Session) throws {
    let engine = try session.engine()
    let made = session.scratch.file("lines")
    defer { Files.remove(made) }
    let input = try session.inputs.records() ?? makeLines(session, engine, to: made)
    let expected = session.scratch.file("expected")
    defer { Files.remove(expected) }
    guard let program = try session.references.program("terasort") else {
      // Then the engine's own output on one thread is what others must equal.
      _ = try engine.run("terasort", [input.path], result: "sorted", threads: 1) {
        try Files.copyBeginning(of: $0, .max, to: expected)
      }
      return try contest(session, engine, input, expected, nil)
    }
    let contestant = Contestant(name: reference) {
      Files.remove(expected)
      return try ChildProcess.measure([program, input.path, expected])
    }
    try contest(session, engine, input, expected, contestant)
  }

  private static func makeLines(
    _ session: Session, _ engine: Engine, to path: String
  ) throws -> Input {
    _ = try engine.run("teragen", [String(session[size])], result: "lines") {
      try Files.copyBeginning(of: $0, .max, to: path)
    }
    session.reporter.note("input: \(session[size].grouped) lines made by teragen")
    return Input(path: path, bytes: try Files.size(path))
  }

  private static func contest(
    _ session: Session, _ engine: Engine, _ input: Input, _ expected: String,
    _ program: Contestant?
  ) throws {
    let hasSort = (try? ChildProcess.measure(sortCommand("/dev/null", threads: 1))) != nil
    if !hasSort { session.reporter.note("GNU sort was not found") }
    // Makes the expected result.
    _ = try program?.turn()
    var contestants = program.map { [$0] } ?? []
    for threads in session.threadCounts {
      let sort = { () throws -> Sample in
        try engine.run("terasort", [input.path], result: "sorted", threads: threads) {
          try Engine.check($0, against: expected)
        }
      }
      contestants.append(Contestant(name: label(threads), turn: sort))
      guard hasSort else { continue }
      let memory = max(try sort().peak, 1 << 20)
      let output = session.scratch.file("sorted")
      contestants.append(
        Contestant(name: sortLabel(threads)) {
          defer { Files.remove(output) }
          let sample = try ChildProcess.measure(
            sortCommand(input.path, threads: threads)
              + ["-S", "\(memory >> 10)K", "-T", session.scratch.path, "-o", output])
          try Engine.check(output, against: expected)
          return sample
        })
    }
    report(try session.contest(contestants), input, session)
  }

  private static func report(_ standings: Standings, _ input: Input, _ session: Session) {
    let single = standings[label(1)]
    for threads in session.threadCounts {
      let name = label(threads)
      let samples = standings[name]
      for metric in [Metric.cpu, .wall] {
        session.reporter.show(name, metric, samples, against: reference, standings[reference])
        session.reporter.show(
          name, metric, samples, against: sortLabel(threads), standings[sortLabel(threads)])
      }
      session.reporter.show(name, .rate(bytes: input.bytes), samples)
      session.reporter.show(
        name, .peak, samples, against: sortLabel(threads), standings[sortLabel(threads)])
      if threads > 1 { session.reporter.showSpeedUp(name, samples, over: single) }
    }
  }

  private static func sortCommand(_ path: String, threads: Int) -> [String] {
    ["sort", "--parallel=\(threads)", path]
  }

  private static func sortLabel(_ threads: Int) -> String { "GNU sort, \(label(threads))" }
}
