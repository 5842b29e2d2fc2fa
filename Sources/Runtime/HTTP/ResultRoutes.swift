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
    if let instant = try natural("as_of") {
      guard selector == .latest else {
        throw .problem(Problem(400, .usage, "version and as_of exclude each other"))
      }
      selector = .asOf(instant)
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

  private func selection(_ version: ResultVersion) throws(HTTPFailure) -> RecordSelection {
    let key = request.parameter("key")
    let prefix = request.parameter("prefix")
    guard key == nil || prefix == nil else {
      throw .problem(Problem(400, .usage, "key and prefix exclude each other"))
    }
    do throws(RecordSelection.Wrong) {
      if let key { return try .key(key, of: version) }
      if let prefix { return try .prefix(prefix, of: version) }
      return .all
    } catch {
      throw .problem(Problem(400, .usage, "\(error)"))
    }
  }

  /// The records, piece by piece: an answer that is cut off has no end.
  func records() throws(HTTPFailure) {
    let (format, type) = try format()
    let limit = try natural("limit")
    let version = try version()
    guard !version.isLost else {
      throw .problem(
        Problem(
          410, .noInput,
          "\(version.name)@\(version.version) is lost: no replica of shards "
            + "\(version.lostShards) is left", advice: "run its job again"))
    }
    let selection = try selection(version)
    let stream = try ask(refused: 410) { () throws(NodeClient.Failure) in
      try RecordStream(
        version, selection, client(), milliseconds: limits.answerMilliseconds)
    }
    let name = version.name.utf8.allSatisfy(Self.isPlain) ? version.name : "result"
    try begin(
      type,
      [
        etag(version.version), ("Vary", "Accept"),
        ("Content-Disposition", "inline; filename=\"\(name).\(format.fileExtension)\""),
      ])
    try write(stream, RecordFormatter(format, version.schema), limit ?? .max)
    try end()
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || [0x2D, 0x2E, 0x5F].contains(byte)
  }

  private func write(
    _ stream: RecordStream, _ formatter: RecordFormatter, _ limit: UInt64
  ) throws(HTTPFailure) {
    var buffer = ByteBuffer(capacity: 1 << 16)
    buffer.append(formatter.header)
    var left = limit
    do {
      while left > 0, try stream.next() {
        left -= 1
        try stream.withRecord { key, value throws(ByteReader.Damaged) in
          try formatter.append(key: key, value: value, to: &buffer)
        }
        guard buffer.count >= 1 << 16 else { continue }
        try write(Array(buffer.bytes))
        buffer.removeAll()
      }
    } catch let failure as HTTPFailure {
      throw failure
    } catch {
      // A run that is gone or damaged: nothing of the answer is said to be whole.
      throw .gone
    }
    try write(Array(buffer.bytes))
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
      name: "as_of", place: .query, schema: OpenAPI.natural,
      help: "The version that was the newest at this instant, in microseconds since 1970."),
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
