// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What a job costs that has nothing to do, from the start of the process to its end.
enum StartupSuite: Suite {
  static let name = "startup"
  static let parameters: [Parameter] = []
  private static let reference = "/bin/true"
  private static let milliseconds = Metric(name: "wall time", unit: "ms") { $0.wall * 1e3 }
  private static let cpuMilliseconds = Metric(name: "cpu time", unit: "ms") { $0.cpu * 1e3 }

  static func run(_ session: Session) throws {
    let engine = try session.engine()
    let empty = session.scratch.file("empty")
    close(try Files.create(empty))
    defer { Files.remove(empty) }
    let standings = try session.contest(
      [
        Contestant(name: reference) { try ChildProcess.measure([reference]) },
        Contestant(name: "nothing saved") { try engine.run("wordcount", [empty]) },
        Contestant(name: "result saved") {
          try engine.run("wordcount", [empty], result: "wordcount")
        },
      ],
      repetitions: max(20, session.repetitions))
    for name in ["nothing saved", "result saved"] {
      for metric in [milliseconds, cpuMilliseconds] {
        session.reporter.show(
          name, metric, standings[name], against: reference, standings[reference])
      }
      session.reporter.show(name, .peak, standings[name])
    }
  }
}
