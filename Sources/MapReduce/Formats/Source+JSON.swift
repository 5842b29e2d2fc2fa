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
        let batch = Batch<JSONLine>(of: chunk)
        let documents = try forEachDocument(chunk) { bytes, start in
          let line = batch.nextPlace { _ in JSONLine(fields: HeapCell(JSONFields())) }
          try line.fields.value.begin(bytes)
          if batch.showPlace(of: start) {
            try batch.handOnPlaces(to: sink, tell: { chunk.tell($0, $1) })
          }
        }
        try batch.handOnPlaces(to: sink, tell: { chunk.tell($0, $1) })
        return documents
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
        let batch = Batch<T>(of: chunk)
        let documents = try forEachDocument(chunk) { line, start in
          batch.append(try decoder.decode(T.self, from: line), of: start)
          if batch.isFull { try batch.handOn(to: sink, tell: { chunk.tell($0, $1) }) }
        }
        try batch.handOn(to: sink, tell: { chunk.tell($0, $1) })
        return documents
      },
      name: "jsonl")
  }

  /// The same of one file, glob, directory or, as `-`, standard input.
  public static func jsonl(_ path: String, as type: T.Type) -> Source<T> {
    jsonl([path], as: type)
  }
}

/// Hands the lines that are not blank to `body`; returns how many there were.
private func forEachDocument(
  _ chunk: Chunk, _ body: (Bytes, _ start: Int) throws -> Void
) throws -> Int {
  var documents = 0
  _ = try forEachLine(chunk) { line, start in
    if line.isBlank { return }
    documents &+= 1
    try body(line, start)
  }
  return documents
}
