// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// A JSON document on every line (JSON lines). Lines of white space are left out; `paths` are read
/// as by `lines`.
extension Source where T == JSONLine {
  /// Lines with a JSON object, whose fields are found in place: the fast form.
  public static func jsonl(_ paths: [String]) -> Source<JSONLine> {
    Source(
      input: .files(paths, .jsonl),
      feed: { chunk, sink in
        let line = JSONLine(fields: HeapCell(JSONFields()))
        return try forEachDocument(chunk) { bytes in
          try line.fields.value.begin(bytes)
          try sink(line)
        }
      },
      name: "jsonl")
  }

  /// The same of one file, glob, directory or, as `-`, standard input.
  public static func jsonl(_ path: String) -> Source<JSONLine> { jsonl([path]) }
}

extension Source where T: Decodable & SendableMetatype {
  /// A value for each line with a JSON document. Numbers of JSON have one kind: `2` is a `Double`,
  /// and `2.0` an `Int`, where one is wanted. The whole document is looked at, and `Codable` makes
  /// its containers: where a few fields are enough, the form without a type is faster.
  public static func jsonl(_ paths: [String], as type: T.Type) -> Source<T> {
    Source(
      input: .files(paths, .jsonl),
      feed: { chunk, sink in
        let decoder = DocumentDecoder()
        return try forEachDocument(chunk) { line in
          try sink(try decoder.decode(T.self, from: line))
        }
      },
      name: "jsonl")
  }

  /// The same of one file, glob, directory or, as `-`, standard input.
  public static func jsonl(_ path: String, as type: T.Type) -> Source<T> {
    jsonl([path], as: type)
  }
}

/// Hands the lines that are not blank to `body`; returns how many there were.
private func forEachDocument(_ chunk: Chunk, _ body: (Bytes) throws -> Void) throws -> Int {
  var documents = 0
  _ = try forEachLine(chunk) { line in
    if line.isBlank { return }
    documents &+= 1
    try body(line)
  }
  return documents
}
