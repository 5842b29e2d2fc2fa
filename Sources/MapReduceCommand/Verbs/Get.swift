// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Exchange
import MapReduce
import Memory
import Runtime
import Vocabulary

/// `mapred get NAME[@VERSION]`, `mapred get DIR/NAME`.
struct Get: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Reads a result: whole, by key or by prefix.",
    discussion: """
      NAME is a result of the cluster, NAME@VERSION one of its versions. What has a slash in it is \
      the directory of a saved result: DIR/NAME, as `run … -o DIR` saved it.
      """)

  @Argument(help: "NAME, NAME@VERSION, or the directory of a saved result.")
  var result: String

  @Option(help: "Only the records with this key; the parts of a tuple stand between tabs.")
  var key: String?

  @Option(help: "Only the records whose key begins with this text.")
  var prefix: String?

  @Option(help: "The version that was the newest then: 2026-11-23T10:14:03Z.")
  var asOf: InstantArgument?

  @Option(help: "How to show or save records: lines, csv or jsonl.")
  var format: RecordFormatArgument = .lines

  @Option(
    name: [.short, .customLong("output")],
    help: "Save the records as text under this new directory, as `run` does, and show none.")
  var output: String?

  @OptionGroup var files: FileOptions
  @OptionGroup var memory: MemoryOptions

  @Option(help: "At most so many records.") var limit: Int?

  @Flag(help: "The same as --format jsonl.") var json = false

  @OptionGroup var node: NodeOptions

  func validate() throws {
    if key != nil, prefix != nil {
      throw ValidationError("--key and --prefix exclude each other")
    }
    if let limit, limit < 0 {
      throw ValidationError("--limit takes a number that is not negative")
    }
    if files.areNamed, output == nil {
      throw ValidationError("--compress, --files and --file-size are for files: name -o")
    }
    if memory.areNamed, output == nil {
      throw ValidationError("--memory and --scratch are for what is saved: name -o")
    }
    if asOf != nil, result.contains("/") {
      throw ValidationError("--as-of is for results of a cluster: \(result) is a directory")
    }
    if asOf != nil, result.contains("@") {
      throw ValidationError("--as-of and @VERSION exclude each other")
    }
  }

  func run() throws {
    let writer = try output.map { path in
      Interrupt.install()
      return try ResultWriter(
        to: path, format: .text(files.export(recordFormat)), threads: RunOptions.processors,
        cancellation: Interrupt.cancellation)
    }
    let selection: RecordSelection =
      key.map { .key($0) } ?? prefix.map { .prefix($0) } ?? .all
    if result.contains("/") {
      let saved = try SavedResult(result)
      try hand(saved.schema, saved.name, to: writer) { try saved.forEach(selection, $0) }
    } else {
      do {
        let client = try self.client()
        let version = try find(client)
        try hand(version.schema, version.name, to: writer) {
          try client.forEach(version, selection, milliseconds: node.milliseconds, $0)
        }
      } catch let error as NodeClient.Failure {
        throw JobError(error)
      } catch let failure as JobFailure {
        throw JobError(failure)
      }
    }
  }

  private func client() throws -> NodeClient {
    do {
      return try node.client()
    } catch var error as JobError {
      guard error.code == .unavailable else { throw error }
      error.advice =
        "`\(toolName) up -d` starts a cluster, --socket names a node; to read a directory, "
        + "write ./\(result)"
      throw error
    }
  }

  private func find(_ client: NodeClient) throws -> ResultVersion {
    let parts = result.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    var selector = asOf.map { VersionSelector.asOf($0.instant.microseconds) } ?? .latest
    if parts.count == 2 {
      guard let number = UInt64(parts[1]) else {
        throw JobError(.usage, "\"\(parts[1])\" is no version: they are numbers from 1")
      }
      selector = .version(number)
    }
    let asked = JobQuestion.find(name: String(parts[0]), selector)
    let found: [ResultVersion]
    do {
      found = try client.versions(asked, milliseconds: node.milliseconds)
    } catch {
      guard case .refused(let reason) = error else { throw error }
      throw JobError(
        .noInput, reason,
        advice: "`mapred results` lists what there is; write ./\(result) for a directory")
    }
    guard let version = found.first else {
      throw JobError(.internalFault, "the node names no version")
    }
    guard !version.isLost else {
      throw JobError(
        .noInput,
        "\(version.name)@\(version.version) is lost: no replica of shards "
          + "\(version.lostShards.map(String.init).joined(separator: ", ")) is left",
        advice: "run its job again")
    }
    return version
  }

  private typealias Body = (_ key: Bytes, _ value: Bytes) throws -> Bool

  private var recordFormat: RecordFormat { json ? .jsonl : format.format }

  /// Shows the records, or saves them where there is a writer.
  private func hand(
    _ schema: ResultSchema, _ name: String, to writer: ResultWriter?,
    _ forEach: (Body) throws -> Void
  ) throws {
    let found =
      if let writer { try save(schema, name, writer, forEach) } else {
        try show(schema, forEach)
      }
    if found == 0, let key {
      throw JobError(.noInput, "result \(name) has no key \"\(key)\"")
    }
  }

  private func save(
    _ schema: ResultSchema, _ name: String, _ writer: ResultWriter,
    _ forEach: (Body) throws -> Void
  ) throws -> Int {
    var records = GatheredRecords(memory: try memory.budget())
    if limit != 0 {
      try forEach { key, value in
        if Interrupt.cancellation.isCancelled { throw InlineRunner.interrupted }
        try records.append(key: key, value: value)
        return records.count != limit
      }
    }
    let result = try records.result(name: name, schema: schema)
    // A key that is not there leaves no directory.
    guard result.records > 0 || key == nil else { return 0 }
    try writer.write([result], job: nil)
    Terminal.say("\(name)  \(result.records.grouped) records  in \(writer.path)/\(name)")
    return result.records
  }

  /// Returns how many were shown.
  private func show(_ schema: ResultSchema, _ forEach: (Body) throws -> Void) throws -> Int {
    let formatter = RecordFormatter(recordFormat, schema)
    var buffer = ByteBuffer(capacity: 1 << 16)
    buffer.append(formatter.header)
    var shown = 0
    do {
      if limit != 0 {
        try forEach { key, value in
          try formatter.append(key: key, value: value, to: &buffer)
          shown += 1
          if buffer.count >= 1 << 16 {
            try Terminal.write(buffer.bytes)
            buffer.removeAll()
          }
          return shown != limit
        }
      }
      try Terminal.write(buffer.bytes)
    } catch is Terminal.Ended {
      // Whoever went away has what was asked for.
      return max(1, shown)
    }
    return shown
  }
}
