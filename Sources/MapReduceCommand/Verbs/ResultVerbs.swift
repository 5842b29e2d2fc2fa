// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Exchange
import MapReduce
import Runtime
import Vocabulary

/// `mapred results`.
struct ResultsVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "results", abstract: "Lists the newest version of each result of the cluster.")

  @Argument(help: "Only names that begin with this.") var prefix = ""
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one version a line.") var json = false

  func run() throws {
    do {
      let asked = JobQuestion.results(prefix: prefix)
      for version in try node.client().versions(asked, milliseconds: node.milliseconds) {
        try ResultText.print(version, isJSON: json)
      }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// `mapred log NAME`.
struct LogVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Lists the versions of a result that are kept, newest first.")

  @Argument(help: "The result's name.") var name: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one version a line.") var json = false

  func run() throws {
    do {
      let asked = JobQuestion.log(name: name)
      for version in try node.client().versions(asked, milliseconds: node.milliseconds) {
        try ResultText.print(version, isJSON: json)
      }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// Versions of results as people and programs read them.
enum ResultText {
  static func print(_ version: ResultVersion, isJSON: Bool) throws {
    guard isJSON else {
      let lost = version.isLost ? "\tlost: shards \(version.lostShards)" : ""
      return try Terminal.print(
        "\(version.name)@\(version.version)\t\(version.instant.text)\t\(version.records) records\t"
          + "\(ByteCount(version.bytes))\t\(version.job)\(lost)")
    }
    try Terminal.print(ResultDocument.of(version).line)
  }
}

/// An instant on the command line.
struct InstantArgument: ExpressibleByArgument {
  let instant: Instant

  init?(argument: String) {
    guard let instant = Instant(text: argument) else { return nil }
    self.instant = instant
  }
}
