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
    try Terminal.print(
      JSON.object([
        ("type", .text("result")), ("name", .text(version.name)),
        ("version", .integer(Int(version.version))), ("records", .integer(version.records)),
        ("bytes", .integer(version.bytes)), ("job", .text("\(version.job)")),
        ("microseconds", .integer(Int(version.instant.microseconds))),
        ("lost", .bool(version.isLost)),
      ]).line)
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

  /// Merges the partitions by key, where keys were spread by hash.
  private func show(_ version: ResultVersion, _ client: NodeClient) throws {
    let formatter = RecordFormatter(format.format, version.schema)
    var runs: [[UInt8]] = []
    for partition in version.runs.indices {
      runs.append(
        try client.run(version, partition: partition, milliseconds: node.milliseconds))
    }
    var records: [(key: [UInt8], value: [UInt8])] = []
    for run in runs {
      try run.withBytes { bytes in
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
          let frame = try reader.frame()
          records.append((Array(frame.key), Array(frame.value)))
        }
      }
    }
    if version.isHashed { records.sort { $0.key.lexicographicallyPrecedes($1.key) } }
    var buffer = ByteBuffer(capacity: 1 << 16)
    buffer.append(formatter.header)
    for record in records {
      try record.key.withBytes { key in
        try record.value.withBytes { try formatter.append(key: key, value: $0, to: &buffer) }
      }
    }
    try Terminal.write(buffer.bytes)
  }
}
