// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Glibc
import Runtime
import TestSupport
import Testing

/// Nodes that are asked over HTTP alone.
@Suite(.serialized) struct HTTPTests {
  private static let jobs = [
    "--set", "layout.shards=3", "--set", "layout.replicas=2", "--set", "executor.slots=1",
    "--set", "executor.user=root", "--set", "membership.suspect-after=10s",
    "--http", "127.0.0.1:0",
  ]

  private static func founded(
    _ count: Int, _ body: (Cluster) async throws -> Void
  ) async throws {
    try await Cluster.with(jobs) { cluster in
      for number in 1...count { try await cluster.join("n\(number)") }
      try await cluster.agree()
      try await body(cluster)
    }
  }

  private static func caller(_ name: String, _ cluster: Cluster) async throws -> HTTPCaller {
    try HTTPCaller(try await cluster.node(name).place(behind: "HTTP at "))
  }

  private static func text(lines: Int) -> String {
    (0..<lines).map { "the word \($0 % 97) stands in line \($0 % 7)\n" }.joined()
  }

  /// Brings the command's executable; its digest.
  private static func bring(_ caller: HTTPCaller) throws -> String {
    let (code, bytes) = try NodeClient.executable(NodeHandle.executable)
    var answer = try caller.call("PUT", "/v1/code/\(code)", body: bytes)
    // A busy host takes its time to look at it as a whole: then it is brought again.
    for _ in 0..<10 where answer.status == 503 {
      answer = try caller.call("PUT", "/v1/code/\(code)", body: bytes)
    }
    #expect([200, 201].contains(answer.status), "\(answer.text)")
    return "\(code)"
  }

  private static func submit(
    _ caller: HTTPCaller, _ code: String, _ job: [String], key: String? = nil
  ) throws -> HTTPCaller.Answer {
    let body = JSON.object([
      ("code", .text(code)), ("job", .text(job[0])),
      ("arguments", .array(job.dropFirst().map { .text($0) })), ("directory", .text("/")),
    ])
    var fields = ["Content-Type": "application/json"]
    fields["Idempotency-Key"] = key
    return try caller.call("POST", "/v1/jobs", fields, body: Array(body.line.utf8))
  }

  private static func id(_ answer: HTTPCaller.Answer) throws -> String {
    guard case .text(let id)? = try JSONReader.read(answer.body)["id"] else {
      throw Waiting.Failure("no job: \(answer.status) \(answer.text)")
    }
    return id
  }

  private static func state(_ answer: HTTPCaller.Answer) throws -> String {
    try JSONReader.read(answer.body)["state"]?.line ?? "none"
  }

  /// Polls until a job is over, each time for a change of the revision that was seen.
  private static func follow(_ caller: HTTPCaller, _ id: String) throws -> HTTPCaller.Answer {
    var answer = try caller.call("GET", "/v1/jobs/\(id)")
    for _ in 0..<100 where ["\"queued\"", "\"running\""].contains(try state(answer)) {
      let seen = try #require(answer.fields["etag"])
      let next = try caller.call(
        "GET", "/v1/jobs/\(id)?wait=20s", ["If-None-Match": seen])
      guard next.status == 200 else { continue }
      #expect(next.fields["etag"] != seen)
      answer = next
    }
    return answer
  }

  @Test("A job is brought, submitted, watched and read over HTTP alone")
  func whole() async throws {
    try await Self.founded(3) { cluster in
      let path = cluster.path("text")
      try Self.text(lines: 2000).write(toFile: path, atomically: true, encoding: .utf8)
      let first = try await Self.caller("n1", cluster)
      let code = try Self.bring(first)
      #expect(try first.call("HEAD", "/v1/code/\(code)").status == 200)
      #expect(try first.call("PUT", "/v1/code/\(code)", body: [1]).status == 200)
      let caller = try await Self.caller("n1", cluster)

      // Sent again with its key, it is the same job; another one may not have that key.
      let job = ["wordcount", path]
      let answers = try (0..<3).map { _ in try Self.submit(caller, code, job, key: "k 1") }
      let id = try Self.id(answers[0])
      for answer in answers {
        #expect(answer.status == 201 && answer.fields["location"] == "/v1/jobs/\(id)")
      }
      #expect(try Self.submit(caller, code, ["wordcount", "/other"], key: "k 1").status == 422)

      // Each change is an event at another node, up to the end. What is idle for long is cut off.
      let third = try await Self.caller("n3", cluster)
      third.ask("GET", "/v1/jobs/\(id)/events")
      let head = try #require(try third.head())
      #expect(head.fields["content-type"] == "text/event-stream")
      var events = ""
      while let chunk = try third.chunk() { events += String(decoding: chunk, as: UTF8.self) }
      let last = events.components(separatedBy: "event: job\n").last ?? ""
      #expect(last.contains("\"state\":\"committed\""), "\(events)")

      let over = try Self.follow(caller, id)
      #expect(try Self.state(over) == "\"committed\"")
      let seen = try #require(over.fields["etag"]).filter(\.isNumber)
      #expect(last.hasPrefix("id: \(seen)\n"))
      // Nothing changes any more: nobody waits for that.
      #expect(try caller.call("GET", "/v1/jobs/\(id)?wait=5m&since=\(seen)").status == 304)
      let again = try caller.call("GET", "/v1/jobs/\(id)/events", ["Last-Event-ID": seen])
      #expect(again.status == 204)
      let jobs = try caller.call("GET", "/v1/jobs?state=committed,failed&limit=5")
      #expect(try JSONReader.read(jobs.body)["before"]?.line == "null")
      #expect(jobs.text.components(separatedBy: "\"type\":\"job\"").count == 2)
      #expect(try caller.call("GET", "/v1/jobs?state=queued").text.hasPrefix("{\"jobs\":[]"))

      try await Self.expectRecords(cluster, path)
      try await Self.expectSameDocuments(cluster, id)
      // Callers of their own from here on: one that waits for commands may be cut off.
      try await Self.expectVersions(cluster, try await Self.caller("n1", cluster), code, job)

      // A member that is drained leaves with nothing lost.
      let drainer = try await Self.caller("n1", cluster)
      #expect(try drainer.call("POST", "/v1/members/n9:drain").status == 404)
      let drained = try drainer.call("POST", "/v1/members/n3:drain")
      #expect(drained.status == 202, "\(drained.text)")
      #expect(try await cluster.node("n3").ending() == 0)
      try await cluster.wait(for: ["n1", "n2"], at: ["n1", "n2"])
      let reader = try await Self.caller("n1", cluster)
      #expect(try reader.call("GET", "/v1/results/wordcount/records?version=1").status == 200)
    }
  }

  /// The records are those of the same job in one process, in their order, in each form.
  private static func expectRecords(_ cluster: Cluster, _ path: String) async throws {
    func inline(_ format: String) async throws -> String {
      let place = cluster.path("out-\(format)")
      _ = try await JobCluster.mapred(["run", "wordcount", path, "-o", place, "--quiet"])
      return try await JobCluster.mapred(["get", "\(place)/wordcount", "--format", format])
    }
    let caller = try await caller("n2", cluster)
    let target = "/v1/results/wordcount/records"
    for (type, format) in [
      ("application/jsonl", "jsonl"), ("text/csv", "csv"), ("text/plain", "lines"),
    ] {
      let answer = try caller.call("GET", target, ["Accept": type])
      #expect(answer.status == 200 && answer.fields["content-type"] == type)
      #expect(answer.fields["etag"] == "\"1\"")
      #expect(try await answer.text == inline(format))
    }
    #expect(try caller.call("GET", target, ["Accept": "image/png"]).status == 406)
    let plain = ["Accept": "text/plain"]
    #expect(try caller.call("GET", target + "?key=stands", plain).text == "stands\t2000\n")
    #expect(try caller.call("GET", target + "?key=missing", plain).text.isEmpty)
    let few = try caller.call("GET", target + "?prefix=%73tan", plain)
    #expect(few.text == "stands\t2000\n")
    let two = try caller.call("GET", target + "?limit=2").text
    #expect(two.split(separator: "\n").count == 2)
    let none = try caller.call("GET", target + "?limit=0", ["Accept": "text/csv"])
    #expect(none.text == "key,value\r\n")
    #expect(try caller.call("GET", target + "?key=a&prefix=a").status == 400)
    #expect(try caller.call("GET", "/v1/results/missing/records").status == 404)
  }

  /// The commands with `--json` write the same documents.
  private static func expectSameDocuments(_ cluster: Cluster, _ id: String) async throws {
    let caller = try await caller("n2", cluster)
    let socket = cluster.socket("n2")
    for (command, target) in [
      (["status", id], "/v1/jobs/\(id)"), (["results"], "/v1/results/wordcount"),
      (["inspect", "view"], "/v1/cluster"),
    ] {
      let told = try await JobCluster.mapred(command + ["--json", "--socket", socket])
      #expect(try caller.call("GET", target).text == told, "\(target)")
    }
    let members = try await JobCluster.mapred(["members", "--json", "--socket", socket])
    let list = members.split(separator: "\n").joined(separator: ",")
    #expect(try caller.call("GET", "/v1/members").text == "{\"members\":[\(list)]}\n")
  }

  /// A second run makes a second version, and the first stays what it is.
  private static func expectVersions(
    _ cluster: Cluster, _ caller: HTTPCaller, _ code: String, _ job: [String]
  ) async throws {
    let committed =
      try JSONReader.read(
        caller.call("GET", "/v1/results/wordcount?version=1").body)["committed_at"]
    guard case .text(let instant)? = committed else { throw Waiting.Failure("no instant") }
    let second = try id(submit(caller, code, job))
    #expect(try state(follow(caller, second)) == "\"committed\"")
    let newest = try caller.call("GET", "/v1/results/wordcount")
    #expect(newest.fields["etag"] == "\"2\"")
    let known = try caller.call("GET", "/v1/results/wordcount", ["If-None-Match": "\"2\""])
    #expect(known.status == 304)
    let before = try caller.call("GET", "/v1/results/wordcount?as_of=\(instant)")
    #expect(before.fields["etag"] == "\"1\"")
    #expect(
      try caller.call("GET", "/v1/results/wordcount?as_of=1970-01-01T00:00:01Z").status == 404)
    let versions = try caller.call("GET", "/v1/results/wordcount/versions").text
    #expect(versions.components(separatedBy: "\"type\":\"result\"").count == 3)
    let listed = try caller.call("GET", "/v1/results?prefix=word").text
    #expect(listed.contains("\"version\":2"))
    let none = try caller.call("GET", "/v1/results?prefix=x").text
    #expect(none == "{\"results\":[]}\n")
    let page = try caller.call("GET", "/v1/jobs?limit=1")
    #expect(try JSONReader.read(page.body)["before"]?.line == "\"\(second)\"")
    let older = try caller.call("GET", "/v1/jobs?limit=1&before=\(second)")
    #expect(try JSONReader.read(older.body)["before"]?.line == "null")
  }

  @Test("A job that fails says why, one that is cancelled leaves nothing, wrong code is not kept")
  func failures() async throws {
    try await Self.founded(2) { cluster in
      let caller = try await Self.caller("n1", cluster)
      let wrong = String(repeating: "0", count: 64)
      let body = [UInt8](repeating: 7, count: 700_000)
      let refused = try caller.call("PUT", "/v1/code/\(wrong)", body: body)
      #expect(refused.status == 422 && refused.text.contains("SHA-256"))
      #expect(try caller.call("HEAD", "/v1/code/\(wrong)").status == 404)
      let early = try Self.submit(caller, wrong, ["wordcount", "/x"])
      #expect(early.status == 422 && early.text.contains("/v1/code/"))
      let code = try Self.bring(caller)
      let missing = cluster.path("missing")
      let failed = try Self.follow(
        caller, try Self.id(Self.submit(caller, code, ["wordcount", missing])))
      #expect(try Self.state(failed) == "\"failed\"")
      let error = try JSONReader.read(failed.body)["error"]
      #expect(error?["code"]?.line == "\"no_input\"" && error?["exit"]?.line == "66")
      #expect(error?["message"]?.line.contains(missing) == true)

      let path = cluster.path("text")
      try Self.text(lines: 300_000).write(toFile: path, atomically: true, encoding: .utf8)
      let id = try Self.id(Self.submit(caller, code, ["wordcount", path]))
      let cancelled = try caller.call("POST", "/v1/jobs/\(id):cancel")
      #expect(cancelled.status == 200)
      #expect(try Self.state(cancelled) == "\"cancelled\"")
      #expect(try caller.call("POST", "/v1/jobs/j-99:cancel").status == 404)
      #expect(try caller.call("GET", "/v1/jobs/j-99").status == 404)
      #expect(try caller.call("GET", "/v1/results").text == "{\"results\":[]}\n")
    }
  }

  @Test("Who waits at a node that dies or leaves sees that at once, and the others go on")
  func deaths() async throws {
    try await Self.founded(3) { cluster in
      let path = cluster.path("text")
      try Self.text(lines: 300_000).write(toFile: path, atomically: true, encoding: .utf8)
      let first = try await Self.caller("n1", cluster)
      let code = try Self.bring(first)
      let id = try Self.id(Self.submit(first, code, ["wordcount", path]))
      let dying = try await Self.caller("n2", cluster)
      let leaving = try await Self.caller("n3", cluster)
      for caller in [dying, leaving] {
        // A revision that does not come: both wait.
        caller.ask("GET", "/v1/jobs/\(id)?wait=5m&since=1000000")
      }
      for name in ["n2", "n3"] {
        let other = try await Self.caller(name, cluster)
        try await Waiting.until("\(name) serves both") {
          try other.call("GET", "/metrics").text.contains("mapred_http_connections 2") ? () : nil
        }
      }
      try cluster.node("n2").signal(SIGKILL)
      #expect(try dying.head() == nil)
      try await cluster.wait(for: ["n1", "n3"], at: ["n1", "n3"])
      try cluster.node("n3").signal(SIGTERM)
      let told = try #require(try leaving.answer())
      #expect([304, 503].contains(told.status), "\(told.status)")
      #expect(try await cluster.node("n3").ending() == 0)
      // What is left is too little for two replicas, and says so until another node joins.
      let ready = try first.call("GET", "/readyz")
      #expect(ready.status == 503 && ready.text.contains("1 more must join"), "\(ready.text)")
      try await cluster.join("n4")
      #expect(try Self.state(Self.follow(first, id)) == "\"committed\"")
    }
  }

  @Test("A node that waits for others lives, and says that it is not ready")
  func notReady() async throws {
    let port = try TakenPort()
    defer { port.close() }
    try await Cluster.with(Self.jobs) { cluster in
      let seed = "127.0.0.1:\(port.number)"
      try cluster.start("n1", ["--listen", "127.0.0.1:0", "--join", seed])
      let caller = try await Self.caller("n1", cluster)
      #expect(try caller.call("GET", "/livez").status == 200)
      let ready = try caller.call("GET", "/readyz")
      #expect(ready.status == 503 && ready.fields["retry-after"] == "1")
      #expect(ready.text.contains(seed), "\(ready.text)")
      let jobs = try caller.call("GET", "/v1/jobs")
      #expect(jobs.status == 503 && jobs.text.contains("nothing can be done now"))
    }
  }

  @Test("With a key, the token that the command prints is wanted")
  func token() async throws {
    try await Cluster.with(Self.jobs) { cluster in
      let key = cluster.path("key")
      try "0123456789abcdef".write(toFile: key, atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
      try await cluster.join("n1", more: ["--key-file", key])
      let caller = try await Self.caller("n1", cluster)
      #expect(try caller.call("GET", "/v1/jobs").status == 401)
      let token = try await JobCluster.mapred(["config", "token", "--key-file", key])
        .trimmingCharacters(in: .newlines)
      let shown = ["Authorization": "Bearer \(token)"]
      #expect(try caller.call("GET", "/v1/jobs", shown).status == 200)
      let none = try await CommandRun.mapred(["config", "token"])
      none.expectFailure(66, naming: "no key")
    }
  }
}
