// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce

/// `mapred list`.
struct List<Suite: JobSuite>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(commandName: "list", abstract: "Lists the jobs of this executable.")
  }

  @Flag(help: "Print JSON, one job a line.") var json = false

  func run() throws {
    let width = Suite.jobs.map { $0.name.count }.max() ?? 0
    for job in Suite.jobs {
      if json {
        try Terminal.print(
          JSON.object([
            ("type", .text("job")), ("name", .text(job.name)),
            ("abstract", .text(job.abstract)),
          ]).line)
      } else {
        let padding = String(repeating: " ", count: width - job.name.count)
        try Terminal.print("\(job.name)\(padding)  \(job.abstract)")
      }
    }
  }
}
