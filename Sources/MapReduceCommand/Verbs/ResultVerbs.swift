// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Exchange
import MapReduce
import Memory
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
    } catch let error as NodeClient.Failure { throw JobError(error) }
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
    } catch let error as NodeClient.Failure { throw JobError(error) }
  }
}

/// Versions of results as people and programs read them.
enum ResultText {
  static func print(_ version: ResultVersion, isJSON: Bool) throws {
    guard isJSON else {
      let lost = version.isLost ? "\tlost: shards \(version.lostShards)" : ""
      return try Terminal.print(
        "\(version.name)@\(version.version)\t\(version.records) records\t"
          + "\(ByteCount(version.bytes))\t\(version.job)\(lost)")
    }
    try Terminal.print(ResultDocument.of(version).line)
  }
}

/// `mapred show NAME[@VERSION]`: a result of the cluster, partition by partition.
struct ShowVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Reads a result of the cluster.")

  @Argument(help: "NAME, or NAME@VERSION.") var name: String
  @OptionGroup var node: NodeOptions
  @Option(help: "How to show records: lines, csv or jsonl.")
  var format: RecordFormatArgument = .lines

  func run() throws {
    let parts = name.split(separator: "@", maxSplits: 1)
    var selector = VersionSelector.latest
    if parts.count == 2 {
      guard let number = UInt64(parts[1]) else {
        throw JobError(.usage, "\"\(parts[1])\" is no version: they are numbers from 1")
      }
      selector = .version(number)
    }
    let client = try node.client()
    do {
      let asked = JobQuestion.find(name: String(parts[0]), selector)
      guard let version = try client.versions(asked, milliseconds: node.milliseconds).first else {
        return
      }
      guard !version.isLost else {
        throw JobError(
          .noInput,
          "\(version.name)@\(version.version) is lost: no replica of shards "
            + "\(version.lostShards) is left", advice: "run its job again")
      }
      try show(version, client)
    } catch let error as NodeClient.Failure { throw JobError(error) }
  }

  private func show(_ version: ResultVersion, _ client: NodeClient) throws {
    let formatter = RecordFormatter(format.format, version.schema)
    let records = try RecordStream(version, .all, client, milliseconds: node.milliseconds)
    var buffer = ByteBuffer(capacity: 1 << 16)
    buffer.append(formatter.header)
    while try records.next() {
      try records.withRecord { try formatter.append(key: $0, value: $1, to: &buffer) }
      guard buffer.count >= 1 << 16 else { continue }
      try Terminal.write(buffer.bytes)
      buffer.removeAll()
    }
    try Terminal.write(buffer.bytes)
  }
}
