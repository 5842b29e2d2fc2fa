// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Memory
import Vocabulary

/// `mapred get DIR/NAME`.
struct Get: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Reads a saved result: whole, by key or by prefix.")

  @Argument(help: "The directory of one result: DIR/NAME, as `run … -o DIR` saved it.")
  var directory: String

  @Option(help: "Only the records with this key; the parts of a tuple stand between tabs.")
  var key: String?

  @Option(help: "Only the records whose key begins with this text.")
  var prefix: String?

  @Option(help: "How to show records: lines, csv or jsonl.")
  var format: RecordFormatArgument = .lines

  @Option(help: "At most so many records.") var limit: Int?

  @Flag(help: "The same as --format jsonl.") var json = false

  func validate() throws {
    if key != nil, prefix != nil {
      throw ValidationError("--key and --prefix exclude each other")
    }
    if let limit, limit < 0 {
      throw ValidationError("--limit takes a number that is not negative")
    }
  }

  func run() throws {
    let result = try SavedResult(directory)
    let selection: SavedResult.Selection =
      key.map { .key($0) } ?? prefix.map { .prefix($0) } ?? .all
    let formatter = RecordFormatter(json ? .jsonl : format.format, result.schema)
    var buffer = ByteBuffer(capacity: 1 << 16)
    buffer.append(formatter.header)
    var shown = 0
    do {
      if limit != 0 {
        try result.forEach(selection) { key, value in
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
    } catch is Terminal.Ended { return }
    if shown == 0, let key {
      throw JobError(.noInput, "result \(result.name) has no key \"\(key)\"")
    }
  }
}
