// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Exchange
import Fabrics
import Glibc
import MapReduce
import Memory
import Runtime
import Vocabulary

/// `mapred catalogue`: what the cluster knows by name.
struct CatalogueVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "catalogue", abstract: "Reads and changes what the cluster knows by name.",
    discussion: """
      Entries are kept by all coordinators: what was acknowledged survives the loss of any of them \
      while a majority lives. Each change has a revision; --expect makes a change only where an \
      entry still has the revision that was seen.
      """,
    subcommands: [
      CatalogueGet.self, CatalogueSet.self, CatalogueDelete.self, CatalogueList.self,
      CatalogueWatch.self,
    ])
}

struct CatalogueGet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Prints the value of an entry.")

  @Argument(help: "The entry's name.") var name: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let answer = try node.client().asking(.get(name: name), node.milliseconds)
    guard case .entry(let entry) = answer else { throw CatalogueText.unexpected(answer) }
    guard let entry else { throw JobError(.noInput, "the catalogue has no entry \"\(name)\"") }
    if json { return try Terminal.print(CatalogueText.document(entry).line) }
    try entry.value.withBytes { try Terminal.write($0) }
    try Terminal.print("")
  }
}

struct CatalogueSet: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Sets the value of an entry.")

  @Argument(help: "The entry's name.") var name: String
  @Argument(help: "Its value; - reads it from standard input.") var value: String
  @Option(help: "Only where the entry has this revision; 0: only where there is none.")
  var expect: UInt64?
  @Option(help: "Sent again with the same key, the change is not made twice.") var once: String?
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let bytes =
      value == "-" ? try StandardInput.all(atMost: Catalogue.valueBytes) : Array(value.utf8)
    let command = CatalogueCommand.set(name: name, value: bytes, expected: expect)
    try CatalogueText.tell(
      try node.client(key: once).changing(command, node.milliseconds), of: name, isJSON: json)
  }
}

struct CatalogueDelete: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Deletes an entry.")

  @Argument(help: "The entry's name.") var name: String
  @Option(help: "Only where the entry has this revision.") var expect: UInt64?
  @Option(help: "Sent again with the same key, the change is not made twice.") var once: String?
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let command = CatalogueCommand.delete(name: name, expected: expect)
    try CatalogueText.tell(
      try node.client(key: once).changing(command, node.milliseconds), of: name, isJSON: json)
  }
}

struct CatalogueList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists entries in the order of their names.")

  @Argument(help: "Only names that begin with this.") var prefix = ""
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one entry a line.") var json = false

  func run() throws {
    let client = try node.client()
    var after = ""
    while true {
      let question = CatalogueQuestion.list(
        prefix: prefix, after: after, limit: Catalogue.listMaximum)
      let answer = try client.asking(question, node.milliseconds)
      guard case .entries(let entries, _, let hasMore) = answer else {
        throw CatalogueText.unexpected(answer)
      }
      for entry in entries { try CatalogueText.print(entry, isJSON: json) }
      guard hasMore, let last = entries.last else { return }
      after = last.name
    }
  }
}

struct CatalogueWatch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Prints changes as they happen, until ^C.")

  @Argument(help: "Only names that begin with this.") var prefix = ""
  @Option(help: "Begin with what changed after this revision.") var since: UInt64 = 0
  @Option(help: "End after so many changes.") var count: Int?
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one change a line.") var json = false

  func run() throws {
    let client = try node.client()
    var since = since
    var left = count ?? .max
    while left > 0 {
      let answer: CatalogueAnswer
      do {
        answer = try client.ask(
          .watch(prefix: prefix, since: since), milliseconds: Self.patienceMilliseconds)
      } catch .connection(let error) where error.code == .timeout {
        continue
      } catch {
        throw JobError(error)
      }
      switch answer {
      case .changes(let entries, let deleted, let revision):
        for entry in entries.prefix(left) { try CatalogueText.print(entry, isJSON: json) }
        for name in deleted.prefix(max(0, left - entries.count)) {
          try CatalogueText.printDeleted(name, isJSON: json)
        }
        left -= entries.count + deleted.count
        since = revision
      case .forgotten(let revision):
        Terminal.say(
          "deletions before revision \(revision) are forgotten: list anew to be sure of all")
        since = revision
      default: throw CatalogueText.unexpected(answer)
      }
    }
  }

  /// How long one question waits before it is asked again.
  private static let patienceMilliseconds = 3_600_000
}

extension NodeClient {
  fileprivate func asking(
    _ question: CatalogueQuestion, _ milliseconds: Int
  ) throws -> CatalogueAnswer {
    do { return try ask(question, milliseconds: milliseconds) } catch { throw JobError(error) }
  }

  fileprivate func changing(
    _ command: CatalogueCommand, _ milliseconds: Int
  ) throws -> CatalogueAnswer {
    do { return try change(command, milliseconds: milliseconds) } catch { throw JobError(error) }
  }
}

/// How entries are shown.
enum CatalogueText {
  static func unexpected(_ answer: CatalogueAnswer) -> JobError {
    JobError(.internalFault, "the catalogue answered something else: \(answer)")
  }

  /// Tells what came of a change.
  static func tell(_ answer: CatalogueAnswer, of name: String, isJSON: Bool) throws {
    switch answer {
    case .changed(let revision):
      if isJSON {
        try Terminal.print(
          JSON.object([
            ("type", .text("change")), ("name", .text(name)), ("revision", .natural(revision)),
          ]).line)
      } else {
        try Terminal.print("revision \(revision)")
      }
    case .differs(let entry):
      let now = entry.map { "has revision \($0.revision)" } ?? "does not exist"
      throw JobError(
        .failed, "nothing was changed: the entry \"\(name)\" \(now)",
        advice: "read it again, and decide anew")
    default: throw unexpected(answer)
    }
  }

  static func document(_ entry: Entry) -> JSON {
    let text = String(decoding: entry.value, as: UTF8.self)
    return .object([
      ("type", .text("entry")), ("name", .text(entry.name)), ("value", .text(text)),
      ("revision", .natural(entry.revision)),
    ])
  }

  static func print(_ entry: Entry, isJSON: Bool) throws {
    if isJSON { return try Terminal.print(document(entry).line) }
    let text = String(decoding: entry.value, as: UTF8.self)
    try Terminal.print("\(entry.name)\t\(entry.revision)\t\(text)")
  }

  static func printDeleted(_ name: String, isJSON: Bool) throws {
    if isJSON {
      let document = JSON.object([("type", .text("deletion")), ("name", .text(name))])
      return try Terminal.print(document.line)
    }
    try Terminal.print("\(name)\tdeleted")
  }
}
