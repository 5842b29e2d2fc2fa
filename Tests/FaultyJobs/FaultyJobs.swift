// SPDX-License-Identifier: Apache-2.0
// Jobs that go wrong, each in its own way: what the command's tests need and no example does.

import Glibc
import MapReduce
import MapReduceCommand

@main struct FaultyJobs: CommandLineTool {
  typealias Suite = Faults
}

/// The jobs that go wrong.
enum Faults: JobSuite {
  static let jobs: [any Job.Type] = [
    ThrowsAt.self, Traps.self, Hangs.self, EndsAt.self, Talks.self, Widens.self, Chained.self,
    Counts.self, TellsUser.self, Wavers.self, Tables.self, Strays.self, Rounds.self,
  ]
}

/// What `throws-at` throws by itself.
struct Refused: Error {
  let reason: String
}

/// Throws at the lines that are equal to a text.
struct ThrowsAt: Job {
  static let abstract = "Throws at the lines that are equal to a text."

  @Argument(help: "The line at which to throw.") var line: String
  @Argument(help: "Files to read.") var input: [String]
  @Flag(help: "Throw as a job does that finds its input wrong.") var asBadInput = false

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .map { [line, asBadInput] found in
        if found.contains(line), found.count == line.utf8.count {
          throw asBadInput
            ? JobError(.badInput, "this line is not wanted", advice: "remove it")
            : Refused(reason: "unwanted") as any Error
        }
        return String(found)
      }
      .write(.result("lines"))
  }
}

/// Traps at the first line.
struct Traps: Job {
  static let abstract = "Traps at the first line."

  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .map { line in
        precondition(line.count < 0, "a closure of this job traps")
        return String(line)
      }
      .write(.result("lines"))
  }
}

/// Says so at the first line, and never returns.
struct Hangs: Job {
  static let abstract = "Hangs at the first line."

  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .map { line in
        print("hanging")
        fflush(nil)
        while line.count >= 0 { sleep(1) }
        return String(line)
      }
      .write(.result("lines"))
  }
}
