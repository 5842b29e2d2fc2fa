// SPDX-License-Identifier: Apache-2.0

/// The word count over threads and over sizes of the input.
enum ScalingSuite: Suite {
  static let name = "scaling"
  private static let size = Parameter(name: "bytes", large: 256 << 20, small: 4 << 20)
  static var parameters: [Parameter] { [size] }

  static func run(_ session: Session) throws {
    let input = try session.text(size)
    let engine = try session.engine()
    let counts = threadCounts(session.cores)
    let threads = try session.contest(
      counts.map { count in
        Contestant(name: label(count)) {
          try engine.run("wordcount", [input.path], result: "wordcount", threads: count)
        }
      })
    for count in counts {
      let samples = threads[label(count)]
      session.reporter.show(label(count), .rate(bytes: input.bytes), samples)
      session.reporter.showSpeedUp(label(count), samples, over: threads[label(1)])
      session.reporter.show(label(count), .cpu, samples)
      session.reporter.show(label(count), .peak, samples)
    }
    try runSizes(of: input, engine, session)
  }

  private static func runSizes(of input: Input, _ engine: Engine, _ session: Session) throws {
    let parts = try [16, 8, 4, 2, 1].map { parts in
      (
        name: parts == 1 ? "whole input" : "1/\(parts) of the input",
        input: try session.inputs.beginning(of: input, oneIn: parts)
      )
    }
    defer { for part in parts.dropLast() { Files.remove(part.input.path) } }
    let sizes = try session.contest(
      parts.map { part in
        Contestant(name: part.name) {
          try engine.run("wordcount", [part.input.path], result: "wordcount")
        }
      })
    for part in parts {
      session.reporter.show(part.name, .rate(bytes: part.input.bytes), sizes[part.name])
      session.reporter.show(part.name, .wall, sizes[part.name])
      session.reporter.show(part.name, .peak, sizes[part.name])
    }
  }

  /// Every count up to eight, then doublings, and all cores.
  private static func threadCounts(_ cores: Int) -> [Int] {
    var counts = Array(1...min(cores, 8))
    var next = 16
    while next < cores {
      counts.append(next)
      next *= 2
    }
    if cores > 8 { counts.append(cores) }
    return counts
  }
}
