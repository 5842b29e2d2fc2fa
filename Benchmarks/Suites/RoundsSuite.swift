// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory
import Vocabulary

/// Jobs of many rounds, whole processes, against C++ programs that do the same.
enum RoundsSuite: Suite {
  static let name = "rounds"
  private static let edges = Parameter(name: "edges", large: 1_000_000, small: 20_000)
  private static let points = Parameter(name: "points", large: 1_000_000, small: 10_000)
  static var parameters: [Parameter] { [edges, points] }
  private static let rounds = 10
  private static let centres = 8

  static func run(_ session: Session) throws {
    let engine = try session.engine()
    // The second one is ten times as large: what is measured should grow with it.
    for scale in session.isSmall ? [1] : [1, 10] {
      let count = session[edges] * scale
      let input = session.scratch.file("edges")
      defer { Files.remove(input) }
      try NumberGenerator.writeEdges(count, to: input)
      session.reporter.note("input: \(count.grouped) edges, drawn by lot")
      try contest(
        session, engine, "pagerank, \(count.grouped) edges", "pagerank", input,
        [input, "--rounds", "\(rounds)", "--tolerance", "0"], reference: ["\(rounds)"])
    }
    let input = session.scratch.file("points")
    defer { Files.remove(input) }
    try NumberGenerator.writePoints(session[points], to: input)
    session.reporter.note("input: \(session[points].grouped) points of 8 coordinates")
    try contest(
      session, engine, "kmeans", "kmeans", input,
      [input, "--k", "\(centres)", "--rounds", "\(rounds)", "--tolerance", "0"],
      reference: ["\(centres)", "\(rounds)"])
  }

  private static let polars = "Polars"

  /// The job as a script for dataframes; nil, and a note, where it cannot be run.
  private static func dataframes(_ job: String, _ session: Session) throws -> String? {
    let script = "\(session.references.directory)/../dataframes/\(job).py"
    guard unsafe access(script, R_OK) == 0 else { return nil }
    guard (try? ChildProcess.output(of: ["python3", "-c", "import polars"])) != nil else {
      session.reporter.note("Polars was not measured: python3 cannot import it")
      return nil
    }
    return script
  }

  private static func contest(
    _ session: Session, _ engine: Engine, _ title: String, _ job: String, _ input: String,
    _ arguments: [String], reference: [String]
  ) throws {
    let expected = session.scratch.file("expected")
    defer { Files.remove(expected) }
    let program = try session.references.program(job)
    let baseline = "C++ \(job)"
    var contestants: [Contestant] = []
    if let program {
      contestants.append(
        Contestant(name: baseline) {
          Files.remove(expected)
          return try ChildProcess.measure([program, input] + reference + [expected])
        })
    }
    if let script = try dataframes(job, session) {
      let output = session.scratch.file("frames")
      contestants.append(
        Contestant(name: polars) {
          defer { Files.remove(output) }
          let sample = try ChildProcess.measure(["python3", script, input] + reference + [output])
          if program != nil { try NumberText.check(output, against: expected) }
          return sample
        })
    }
    for threads in session.threadCounts {
      contestants.append(
        Contestant(name: label(threads)) {
          try engine.run(job, arguments, result: job, threads: threads) {
            if program != nil { try NumberText.check($0, against: expected) }
          }
        })
    }
    let standings = try session.contest(contestants)
    for threads in session.threadCounts {
      let samples = standings[label(threads)]
      for metric in [Metric.cpu, .wall] {
        session.reporter.show(
          "\(title), \(label(threads))", metric, samples, against: baseline, standings[baseline])
        guard !standings[polars].isEmpty else { continue }
        session.reporter.show(
          "\(title), \(label(threads))", metric, samples, against: polars, standings[polars])
      }
      session.reporter.show("\(title), \(label(threads))", .peak, samples)
    }
  }
}

/// Results that are made of numbers: sums in another order differ in their last bits.
enum NumberText {
  private static let tolerance = 1e-9

  /// Fails where a result is not what the reference made of the same input.
  static func check(_ result: String, against expected: String) throws {
    var one = ByteBuffer()
    var other = ByteBuffer()
    try Files.load(result, atMost: .max, to: &one)
    try Files.load(expected, atMost: .max, to: &other)
    let wanted = numbers(other.bytes)
    let found = numbers(one.bytes)
    while let number = wanted.next() {
      guard let same = found.next(),
        abs(same - number) <= tolerance * max(1, abs(number))
      else { throw BenchmarkError("results differ: what was measured is not the same work") }
    }
    guard found.next() == nil else {
      throw BenchmarkError("results differ: what was measured is not the same work")
    }
  }

  private static func numbers(_ bytes: Bytes) -> AnyIterator<Double> {
    var position = 0
    return AnyIterator {
      while position < bytes.count, !isOfNumber(bytes[position]) { position += 1 }
      let start = position
      while position < bytes.count, isOfNumber(bytes[position]) { position += 1 }
      return start < position ? Double(bytes[start..<position]) ?? .nan : nil
    }
  }

  private static func isOfNumber(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E || byte == 0x65 || byte == 0x2B
  }
}
