// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Fabrics
import Vocabulary

/// Submitting jobs, and seeing what becomes of them.
extension HTTPExchange {
  /// What a body asks to be run; a problem that names the field where it makes no sense.
  static func spec(_ body: JSON, seed: UInt64) throws(Problem) -> JobSpec {
    guard case .object(let fields) = body else { preconditionFailure("a body is an object") }
    func wrong(_ message: String) -> Problem { Problem(400, .badInput, message) }
    let known = ["code", "job", "arguments", "directory"]
    for (name, _) in fields where !known.contains(name) {
      throw wrong("\"\(name)\" is no field of a job: there are \(known.joined(separator: ", "))")
    }
    guard case .text(let code)? = body["code"], let digest = CodeDigest(code) else {
      throw wrong("\"code\" is the SHA-256 of an executable: 64 hexadecimal digits")
    }
    guard case .text(let job)? = body["job"], (1...Limits.nameBytes).contains(job.utf8.count)
    else { throw wrong("\"job\" is the job's name, of 1 to \(Limits.nameBytes) bytes") }
    var arguments: [String] = []
    switch body["arguments"] {
    case nil: break
    case .array(let elements)?:
      for element in elements {
        guard case .text(let text) = element else { throw wrong("\"arguments\" are texts") }
        arguments.append(text)
      }
    default: throw wrong("\"arguments\" is an array of texts")
    }
    var directory = "/"
    switch body["directory"] {
    case nil: break
    case .text(let text)? where text.hasPrefix("/"): directory = text
    default: throw wrong("\"directory\" is the path where relative paths begin: /…")
    }
    let texts = arguments + [directory]
    guard !texts.contains(where: { $0.utf8.contains(0) }) else {
      throw wrong("an argument holds a zero byte")
    }
    return JobSpec(
      code: digest, name: job, arguments: arguments, directory: directory, tableSeed: seed)
  }

  private func spec() throws(HTTPFailure) -> JobSpec {
    let body = try document()
    do throws(Problem) {
      return try Self.spec(body, seed: UInt64.random(in: .min ... .max))
    } catch { throw .problem(error) }
  }

  /// Submits a job; the same `Idempotency-Key` again gives the same job.
  func submit() throws(HTTPFailure) {
    try checkJobs()
    let spec = try spec()
    let key = request["idempotency-key"]
    guard key.map({ (1...256).contains($0.utf8.count) }) ?? true else {
      throw .problem(Problem(400, .usage, "Idempotency-Key has 1 to 256 bytes"))
    }
    guard try hasCode(spec.code) else {
      throw .problem(
        Problem(
          422, .noInput, "no executable \(spec.code) is here",
          advice: "PUT it to /v1/code/\(spec.code) first"))
    }
    // Keys are of this use alone: the same word elsewhere is another session.
    let client = client(key: key.map { "POST /v1/jobs \($0)" })
    let job = try ask(refused: 429) { () throws(NodeClient.Failure) in
      let id = try client.submit(spec, milliseconds: limits.answerMilliseconds)
      return try client.job(id, milliseconds: limits.answerMilliseconds)
    }
    guard
      job.spec.code == spec.code, job.spec.name == spec.name,
      job.spec.arguments == spec.arguments, job.spec.directory == spec.directory
    else {
      throw .problem(
        Problem(
          422, .usage, "the Idempotency-Key was used for another job, \(job.id)",
          advice: "use a new key for each job"))
    }
    try send(201, JobDocument.of(job), [("Location", "/v1/jobs/\(job.id)"), etag(job.revision)])
  }

  func etag(_ number: UInt64) -> (String, String) { ("ETag", "\"\(number)\"") }

  /// The greatest number among the tags of a field, which are ours where they are numbers.
  func seen(_ field: String) -> UInt64? {
    HTTPRequest.list(request[field]).compactMap { tag in
      UInt64(tag.drop { $0 == "w" || $0 == "/" || $0 == "\"" }.prefix { $0 != "\"" })
    }.max()
  }

  private func id() throws(HTTPFailure) -> JobID {
    guard let id = JobID(name("id")) else {
      throw .problem(
        Problem(404, .noInput, "\"\(name("id"))\" is no job's id: they look like j-17"))
    }
    return id
  }

  /// A whole number of the query.
  func natural(_ parameter: String) throws(HTTPFailure) -> UInt64? {
    guard let text = request.parameter(parameter) else { return nil }
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt64(text) else {
      throw .problem(Problem(400, .usage, "\(parameter) is a whole number, not \"\(text)\""))
    }
    return number
  }

  func list() throws(HTTPFailure) {
    let limit = Int(clamping: try natural("limit") ?? 20)
    guard (1...JobQuestion.limitMaximum).contains(limit) else {
      throw .problem(Problem(400, .usage, "limit is 1 to \(JobQuestion.limitMaximum)"))
    }
    var before: JobID?
    if let text = request.parameter("before") {
      before = JobID(text)
      guard before != nil else {
        throw .problem(Problem(400, .usage, "before is a job's id: they look like j-17"))
      }
    }
    var phases: [JobPhase] = []
    for word in (request.parameter("state") ?? "").split(separator: ",") {
      guard let phase = JobPhase.allCases.first(where: { $0.description == word }) else {
        let words = JobPhase.allCases.map(\.description).joined(separator: ", ")
        throw .problem(Problem(400, .usage, "state is some of \(words), not \"\(word)\""))
      }
      phases.append(phase)
    }
    let asked = JobQuestion.jobs(phases: phases, before: before, limit: limit)
    let (jobs, hasMore) = try ask { () throws(NodeClient.Failure) in
      try client().page(asked, milliseconds: limits.answerMilliseconds)
    }
    let next: JSON = hasMore ? jobs.last.map { .text("\($0.id)") } ?? .null : .null
    try send(200, .object([("jobs", .array(jobs.map { JobDocument.of($0) })), ("before", next)]))
  }

  private func currentJob(_ id: JobID) throws(HTTPFailure) -> JobRecord {
    try ask { () throws(NodeClient.Failure) in
      try client().job(id, milliseconds: limits.answerMilliseconds)
    }
  }

  /// The job once it has changed after a revision; nil where it does not until the deadline.
  private func change(
    _ id: JobID, since: UInt64, milliseconds: Int
  ) throws(HTTPFailure) -> JobRecord? {
    do throws(NodeClient.Failure) {
      return try client(isWaiting: true).job(id, since: since, milliseconds: milliseconds)
    } catch {
      if case .connection(let failure) = error, failure.code == .timeout { return nil }
      return try ask { () throws(NodeClient.Failure) in throw error }
    }
  }

  func job() throws(HTTPFailure) {
    let id = try id()
    let since = try natural("since") ?? seen("if-none-match") ?? 0
    let wait = try waitMilliseconds()
    var job = try currentJob(id)
    if job.revision <= since, !job.phase.isOver, wait > 0 {
      let changed = try change(id, since: since, milliseconds: wait)
      if let changed { job = changed } else { job = try currentJob(id) }
    }
    guard job.revision > since else { return try send(304, nil, [], [etag(job.revision)]) }
    let waits = try? client().waits(of: job, milliseconds: limits.answerMilliseconds)
    try send(200, JobDocument.of(job, waits: waits ?? nil), [etag(job.revision)])
  }

  private func waitMilliseconds() throws(HTTPFailure) -> Int {
    guard let text = request.parameter("wait") else { return 0 }
    let most = limits.waitMilliseconds
    guard let nanoseconds = Units.nanoseconds(text), nanoseconds / 1_000_000 <= UInt64(most) else {
      throw .problem(
        Problem(400, .usage, "wait is a duration of at most \(most / 1000)s, not \"\(text)\""))
    }
    return Int(nanoseconds / 1_000_000)
  }

  func cancel() throws(HTTPFailure) {
    let id = try id()
    let job = try ask { () throws(NodeClient.Failure) in
      let client = client()
      try client.cancel(id, milliseconds: limits.answerMilliseconds)
      return try client.job(id, milliseconds: limits.answerMilliseconds)
    }
    try send(200, JobDocument.of(job), [etag(job.revision)])
  }

  /// Each change of a job as an event, until the job is over.
  func events() throws(HTTPFailure) {
    let id = try id()
    var job = try currentJob(id)
    let seen = seen("last-event-id") ?? 0
    // Whoever has seen the end and asks again is told not to.
    if job.phase.isOver, job.revision <= seen { return try send(204, nil, []) }
    try begin("text/event-stream")
    if job.revision > seen { try tell(job) }
    while !job.phase.isOver {
      do throws(HTTPFailure) {
        let wait = limits.heartbeatMilliseconds
        if let next = try change(id, since: job.revision, milliseconds: wait) {
          job = next
          try tell(job)
        } else {
          try write(Array(": \(job.phase)\n\n".utf8))
        }
      } catch {
        guard case .problem(let problem) = error else { throw error }
        try write(Array("event: error\ndata: \(problem.document.line)\n\n".utf8))
        break
      }
    }
    try end()
  }

  private func tell(_ job: JobRecord) throws(HTTPFailure) {
    let text = "event: job\nid: \(job.revision)\ndata: \(JobDocument.of(job).line)\n\n"
    try write(Array(text.utf8))
  }
}

extension Route {
  private static let id = Parameter(
    name: "id", place: .path, schema: OpenAPI.text(pattern: "^(j-)?[1-9][0-9]*$"),
    help: "The job's id.")

  static let jobRoutes: [Route] = [
    Route(
      "POST", "/v1/jobs", "submitJob", "Submits a job of an executable that is here.",
      [
        Parameter(
          name: "Idempotency-Key", place: .header,
          schema: .object([
            ("type", .text("string")), ("minLength", .integer(1)), ("maxLength", .integer(256)),
          ]),
          help: "Sent again with the same key, the job is not submitted twice.")
      ], body: .document("JobRequest"),
      [
        .json(201, "It is submitted; `Location` says where it can be watched.", "Job"),
        .problem(413, "The body is too large."), .problem(415, "The body is no JSON."),
        .problem(422, "The executable is not here, or the key was used for another job."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.submit() },
    Route(
      "GET", "/v1/jobs", "listJobs", "Jobs, the newest first.",
      [
        Parameter(
          name: "limit", place: .query,
          schema: .object([
            ("type", .text("integer")), ("minimum", .integer(1)),
            ("maximum", .integer(JobQuestion.limitMaximum)), ("default", .integer(20)),
          ]), help: "How many."),
        Parameter(
          name: "before", place: .query, schema: OpenAPI.text(),
          help: "Only older ones than this: the `before` of the page before."),
        Parameter(
          name: "state", place: .query, schema: OpenAPI.text(),
          help: "Only those in one of these states, between commas."),
      ], [.json(200, "A page of jobs.", "Jobs")]
    ) { exchange throws(HTTPFailure) in try exchange.list() },
    Route(
      "GET", "/v1/jobs/{id}", "getJob", "A job; with `wait`, once it has changed.",
      [
        id,
        Parameter(
          name: "wait", place: .query, schema: OpenAPI.text(),
          help: "How long to wait for a change, at most 5 minutes: `30s`."),
        Parameter(
          name: "since", place: .query, schema: OpenAPI.natural,
          help: "The revision that was seen: the number in `ETag`."),
      ],
      [
        .json(200, "The job.", "Job"),
        Answer(status: 304, help: "It has not changed since.", content: []),
        .problem(404, "There is no such job, or it was over long ago."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.job() },
    Route(
      "POST", "/v1/jobs/{id}:cancel", "cancelJob",
      "Cancels a job: nothing of it becomes visible. One that is over stays as it is.", [id],
      [.json(200, "The job.", "Job"), .problem(404, "There is no such job.")]
    ) { exchange throws(HTTPFailure) in try exchange.cancel() },
    Route(
      "GET", "/v1/jobs/{id}/events", "watchJob",
      "The job, and each change of it, as server-sent events until it is over.",
      [
        id,
        Parameter(
          name: "Last-Event-ID", place: .header, schema: OpenAPI.natural,
          help: "The revision that was seen last."),
      ],
      [
        .other(200, "Events `job`, or `error` before an early end.", "text/event-stream"),
        Answer(status: 204, help: "The job is over, and its end was seen.", content: []),
        .problem(404, "There is no such job."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.events() },
  ]
}
