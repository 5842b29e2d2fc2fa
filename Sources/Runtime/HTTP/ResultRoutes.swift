// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Memory
import Vocabulary

/// Versions of results, and their records.
extension HTTPExchange {
  private func versions(_ asked: JobQuestion) throws(HTTPFailure) -> [ResultVersion] {
    try ask { () throws(NodeClient.Failure) in
      try client().versions(asked, milliseconds: limits.answerMilliseconds)
    }
  }

  func results() throws(HTTPFailure) {
    let found = try versions(.results(prefix: request.parameter("prefix") ?? ""))
    try send(200, .object([("results", .array(found.map { ResultDocument.of($0) }))]))
  }

  func log() throws(HTTPFailure) {
    let found = try versions(.log(name: name("name")))
    try send(200, .object([("versions", .array(found.map { ResultDocument.of($0) }))]))
  }

  /// The version that is meant.
  private func version() throws(HTTPFailure) -> ResultVersion {
    var selector = VersionSelector.latest
    if let number = try natural("version") { selector = .version(number) }
    if let text = request.parameter("as_of") {
      guard selector == .latest else {
        throw .problem(Problem(400, .usage, "version and as_of exclude each other"))
      }
      guard let instant = Instant(text: text) else {
        throw .problem(
          Problem(400, .usage, "as_of is an instant like 2026-11-23T10:14:03Z, not \"\(text)\""))
      }
      selector = .asOf(instant.microseconds)
    }
    let found = try versions(.find(name: name("name"), selector))
    guard let version = found.first else {
      throw .problem(Problem(404, .noInput, "there is no result called \(name("name"))"))
    }
    return version
  }

  func result() throws(HTTPFailure) {
    let version = try version()
    guard seen("if-none-match") != version.version else {
      return try send(304, nil, [], [etag(version.version)])
    }
    try send(200, ResultDocument.of(version), [etag(version.version)])
  }

  /// The form of records that the client likes best; `jsonl` where it likes all.
  private func format() throws(HTTPFailure) -> (RecordFormat, type: String) {
    let forms: [(RecordFormat, type: String)] = [
      (.jsonl, "application/jsonl"), (.csv, "text/csv"), (.lines, "text/plain"),
    ]
    let wanted = MediaRange.list(request["accept"] ?? "*/*")
    let weights = forms.map { form in
      MediaRange.weight(of: form.type, in: wanted)
    }
    let best = weights.max() ?? 0
    guard best > 0, let place = weights.firstIndex(of: best) else {
      let types = forms.map(\.type).joined(separator: ", ")
      throw .problem(
        Problem(406, .usage, "records come as \(types)", advice: "accept one of these"))
    }
    return forms[place]
  }

  private func selection() throws(HTTPFailure) -> RecordSelection {
    let key = request.parameter("key")
    let prefix = request.parameter("prefix")
    guard key == nil || prefix == nil else {
      throw .problem(Problem(400, .usage, "key and prefix exclude each other"))
    }
    return key.map { .key($0) } ?? prefix.map { .prefix($0) } ?? .all
  }

  /// The records, piece by piece: an answer that is cut off has no end.
  func records() throws(HTTPFailure) {
    let (format, type) = try format()
    let limit = try natural("limit") ?? .max
    let selection = try selection()
    let version = try version()
    guard !version.isLost else {
      throw .problem(
        Problem(
          410, .noInput,
          "\(version.name)@\(version.version) is lost: no replica of shards "
            + "\(version.lostShards.map(String.init).joined(separator: ", ")) is left",
          advice: "run its job again"))
    }
    let name = version.name.utf8.allSatisfy(Self.isPlain) ? version.name : "result"
    let fields = [
      etag(version.version), ("Vary", "Accept"),
      ("Content-Disposition", "inline; filename=\"\(name).\(format.fileExtension)\""),
    ]
    let out = RecordWriter(self, RecordFormatter(format, version.schema), type, fields, limit)
    if limit > 0 { try read(version, selection, out) }
    try out.finish()
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || [0x2D, 0x2E, 0x5F].contains(byte)
  }

  /// Hands records on until there are no more, or enough. What goes wrong before the first one is a
  /// problem.
  private func read(
    _ version: ResultVersion, _ selection: RecordSelection, _ out: RecordWriter
  ) throws(HTTPFailure) {
    do {
      try client().forEach(version, selection, milliseconds: limits.answerMilliseconds) {
        key, value in try out.write(key, value)
      }
    } catch let failure as HTTPFailure {
      throw failure
    } catch let failure as JobFailure {
      throw .problem(Problem(400, .usage, failure.message, advice: failure.advice))
    } catch let failure as NodeClient.Failure {
      try ask(refused: 410) { () throws(NodeClient.Failure) in throw failure }
    } catch {
      throw .problem(Problem(500, .internalFault, "a run of the result is damaged"))
    }
  }
}

/// Records on their way to a client, some at a time. The answer begins with the first of them.
private final class RecordWriter {
  private let exchange: HTTPExchange
  private let formatter: RecordFormatter
  private let type: String
  private let fields: [(String, String)]
  private var left: UInt64
  private var buffer = ByteBuffer(capacity: RecordWriter.pieceBytes)
  private var hasBegun = false

  private static let pieceBytes = 1 << 16

  init(
    _ exchange: HTTPExchange, _ formatter: RecordFormatter, _ type: String,
    _ fields: [(String, String)], _ limit: UInt64
  ) {
    self.exchange = exchange
    self.formatter = formatter
    self.type = type
    self.fields = fields
    left = limit
  }

  /// True where more are wanted.
  func write(_ key: Bytes, _ value: Bytes) throws -> Bool {
    try begin()
    try formatter.append(key: key, value: value, to: &buffer)
    left -= 1
    if buffer.count >= Self.pieceBytes { try flush() }
    return left > 0
  }

  private func begin() throws(HTTPFailure) {
    guard !hasBegun else { return }
    hasBegun = true
    try exchange.begin(type, fields)
    buffer.append(formatter.header)
  }

  private func flush() throws(HTTPFailure) {
    try exchange.write(Array(buffer.bytes))
    buffer.removeAll()
  }

  func finish() throws(HTTPFailure) {
    try begin()
    try flush()
    try exchange.end()
  }
}

/// What a client accepts: a type, a main type, or all, with a weight of 0 to 1000.
struct MediaRange: Equatable {
  let type: String
  let weight: Int

  /// The parts of a field `Accept`.
  static func list(_ field: String) -> [MediaRange] {
    HTTPRequest.list(field).map { part in
      let pieces = part.split(separator: ";").map { HTTPRequest.trimmed($0) }
      let weight =
        pieces.dropFirst().first { $0.hasPrefix("q=") }
        .map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      return MediaRange(
        type: pieces.first ?? "", weight: Int(1000 * min(1, max(0, weight))))
    }
  }

  /// How much a type is liked: what is said of it alone counts before what is said of many.
  static func weight(of type: String, in ranges: [MediaRange]) -> Int {
    let main = type.prefix { $0 != "/" }
    for wanted in [type, "\(main)/*", "*/*"] {
      if let found = ranges.first(where: { $0.type == wanted }) { return found.weight }
    }
    return 0
  }
}

extension Route {
  private static let name = Parameter(
    name: "name", place: .path, schema: OpenAPI.text(), help: "The result's name.")
  private static let selectors = [
    Parameter(
      name: "version", place: .query, schema: OpenAPI.natural,
      help: "The version; the newest where neither this nor `as_of` is given."),
    Parameter(
      name: "as_of", place: .query,
      schema: .object([("type", .text("string")), ("format", .text("date-time"))]),
      help: "The version that was the newest at this instant, in UTC: 2026-11-23T10:14:03Z."),
  ]

  static let resultRoutes: [Route] = [
    Route(
      "GET", "/v1/results", "listResults", "The newest version of each result.",
      [
        Parameter(
          name: "prefix", place: .query, schema: OpenAPI.text(),
          help: "Only names that begin with this.")
      ], [.json(200, "In the order of their names.", "Results")]
    ) { exchange throws(HTTPFailure) in try exchange.results() },
    Route(
      "GET", "/v1/results/{name}/versions", "listVersions",
      "The versions of a result that are kept, the newest first.", [name],
      [
        .json(200, "The versions.", "Versions"),
        .problem(404, "There is no such result."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.log() },
    Route(
      "GET", "/v1/results/{name}", "getResult", "A version of a result.", [name] + selectors,
      [
        .json(200, "The version; its number is the `ETag`.", "Result"),
        Answer(status: 304, help: "It is the version of `If-None-Match`.", content: []),
        .problem(404, "There is no such result or version."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.result() },
    Route(
      "GET", "/v1/results/{name}/records", "getRecords",
      "The records of a version, in their order.",
      [name] + selectors + [
        Parameter(
          name: "key", place: .query, schema: OpenAPI.text(),
          help: "Only records with this key; the parts of a tuple stand between tabs."),
        Parameter(
          name: "prefix", place: .query, schema: OpenAPI.text(),
          help: "Only records whose key begins with this text."),
        Parameter(
          name: "limit", place: .query, schema: OpenAPI.natural, help: "At most so many."),
      ],
      [
        .other(
          200, "The records in the form of `Accept`, streamed.", "application/jsonl", "text/csv",
          "text/plain"),
        .problem(404, "There is no such result or version."),
        .problem(406, "Records do not come in such a form."),
        .problem(410, "The version is lost."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.records() },
  ]
}
