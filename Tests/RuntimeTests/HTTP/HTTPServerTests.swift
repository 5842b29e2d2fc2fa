// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Foundation
import TestSupport
import Testing

@testable import Runtime

@Suite("An HTTP server")
struct HTTPServerTests {
  private static func problem(_ answer: HTTPCaller.Answer) throws -> JSON {
    #expect(answer.fields["content-type"] == "application/problem+json")
    let document = try JSONReader.read(answer.body)
    #expect(document["status"]?.line == "\(answer.status)")
    #expect(document["title"] != nil && document["exit"] != nil)
    return document
  }

  @Test("Requests of one connection are answered one after the other")
  func stays() throws {
    try HTTPPlace.with { place in
      let caller = try place.caller()
      for _ in 0..<3 {
        let answer = try caller.call("GET", "/v1/cluster")
        #expect(answer.status == 200 && answer.fields["connection"] == nil)
        #expect(try JSONReader.read(answer.body)["node"]?.line == "\"n1\"")
      }
      caller.send(
        "\r\nGET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
          + "GET /readyz HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n")
      #expect(try caller.answer()?.text == "{\"node\":\"n1\",\"alive\":true}\n")
      let last = try #require(try caller.answer())
      #expect(last.text == "{\"node\":\"n1\",\"ready\":true}\n")
      #expect(last.fields["connection"] == "close")
      #expect(try caller.isEnded())
    }
  }

  @Test("A head alone has the length of what would follow, and old clients get no chunks")
  func headsAndOldClients() throws {
    try HTTPPlace.with { place in
      let caller = try place.caller()
      let whole = try caller.call("GET", "/v1/members")
      let head = try caller.call("HEAD", "/v1/members")
      #expect(head.status == 200 && head.body.isEmpty)
      #expect(head.fields["content-length"] == "\(whole.body.count)")
      caller.send("GET /livez HTTP/1.0\r\n\r\n")
      let old = try #require(try caller.answer())
      #expect(old.status == 200 && old.fields["connection"] == "close")
      #expect(try caller.isEnded())
    }
  }

  @Test(
    "What is not there, or not so, is a problem",
    arguments: [
      ("GET", "/", 404, "no_input"), ("GET", "/v2/jobs", 404, "no_input"),
      ("DELETE", "/v1/jobs", 405, "usage"), ("OPTIONS", "/v1/cluster", 405, "usage"),
      ("GET", "/v1/jobs/j-1:cancel", 405, "usage"), ("GET", "/v1/cluster?a=1", 400, "usage"),
      ("GET", "/v1/jobs?limit=0", 400, "usage"), ("GET", "/v1/jobs?limit=x", 400, "usage"),
      ("GET", "/v1/jobs?before=x", 400, "usage"), ("GET", "/v1/jobs?state=x", 400, "usage"),
      ("GET", "/v1/jobs/x", 404, "no_input"), ("GET", "/v1/jobs/j-1?wait=1h", 400, "usage"),
      ("GET", "/v1/jobs/j-1?wait=5", 400, "usage"), ("GET", "/v1/jobs/j-1?since=-1", 400, "usage"),
      ("GET", "/v1/results/a?version=1&as_of=1", 400, "usage"),
      ("GET", "/v1/results/a?as_of=1", 400, "usage"),
      ("GET", "/v1/results/a/records?key=a&prefix=a", 400, "usage"),
      ("POST", "/v1/members/n2:drain", 404, "no_input"),
      ("POST", "/v1/members/n1:drain?lose=x", 400, "usage"),
      ("PUT", "/v1/code/12", 400, "usage"),
    ])
  func problems(_ method: String, _ target: String, _ status: Int, _ word: String) throws {
    try HTTPPlace.with { place in
      let caller = try place.caller()
      let answer = try caller.call(method, target)
      #expect(answer.status == status)
      let problem = try Self.problem(answer)
      #expect(problem["code"]?.line == "\"\(word)\"")
      #expect((answer.fields["allow"] != nil) == (status == 405))
      // The connection is still of use.
      #expect(try caller.call("GET", "/livez").status == 200)
    }
  }

  @Test(
    "A body that is no job says what is wrong with it",
    arguments: [
      ("", "no body"), ("{", "byte 1"), ("[]", "no object"), ("{\"x\":1}", "\"x\""),
      ("{\"code\":\"12\",\"job\":\"a\"}", "\"code\""),
    ])
  func bodies(_ body: String, _ words: String) throws {
    try HTTPPlace.with { place in
      let type = ["Content-Type": "application/json; charset=utf-8"]
      let answer = try place.caller().call("POST", "/v1/jobs", type, body: Array(body.utf8))
      #expect(answer.status == 400)
      let detail = try Self.problem(answer)["detail"]
      #expect(detail?.line.contains(JSON.text(words).line.dropFirst().dropLast()) == true)
    }
  }

  @Test("Bodies of other kinds, or too large ones, are not read")
  func otherBodies() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let text = ["Content-Type": "text/plain"]
      let other = try place.caller().call("POST", "/v1/jobs", text, body: [1, 2, 3])
      #expect(other.status == 415 && other.fields["connection"] == "close")
      let caller = try place.caller()
      caller.send(
        "POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n"
          + "Expect: 100-continue\r\n\r\n")
      let large = try #require(try caller.answer())
      #expect(large.status == 413 && large.fields["connection"] == "close")
      let pieces = try place.caller().call(
        "POST", "/v1/jobs", ["Transfer-Encoding": "chunked"])
      #expect(pieces.status == 411)
    }
  }

  @Test("The figures are what Prometheus reads")
  func metrics() throws {
    try HTTPPlace.with { place in
      let caller = try place.caller()
      _ = try caller.call("GET", "/nothing")
      let answer = try caller.call("GET", "/metrics")
      #expect(answer.fields["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
      let lines = answer.text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.last == "")
      for line in [
        "mapred_view_number 3", "mapred_ready 1", "mapred_block_memory_bytes 7",
        "mapred_replica_applied_total{role=\"coordinator\"} 5",
        "mapred_http_responses_total{code=\"404\"} 1", "mapred_http_connections 1",
      ] { #expect(lines.contains(line[...]), "\(line)") }
      var named: Set<Substring> = []
      for line in lines.dropLast() where !line.hasPrefix("#") {
        let name = line.prefix { $0 != " " && $0 != "{" }
        named.insert(name)
        #expect(Int(line.split(separator: " ").last ?? "") != nil, "\(line)")
      }
      for name in named {
        #expect(lines.filter { $0.hasPrefix("# TYPE \(name) ") }.count == 1, "\(name)")
      }
    }
  }

  @Test("With a key, only those are answered who show its token")
  func token() throws {
    let key = try ClusterKey(Array("0123456789abcdef".utf8))
    let token = AccessToken(key).text
    #expect(token.count == 64)
    #expect(try AccessToken(ClusterKey(Array("0123456789abcdeg".utf8))).text != token)
    try HTTPPlace.with(key: key) { place in
      let caller = try place.caller()
      let strangers: [[String: String]] = [
        [:], ["Authorization": token], ["Authorization": "Basic \(token)"],
        ["Authorization": "Bearer \(token)0"], ["Authorization": "Bearer \(token.dropLast())"],
        ["Authorization": "Bearer "],
      ]
      for fields in strangers {
        for target in ["/v1/cluster", "/metrics", "/nothing"] {
          let answer = try caller.call("GET", target, fields)
          #expect(answer.status == 401 && answer.fields["www-authenticate"] == "Bearer")
        }
      }
      for target in ["/livez", "/readyz", "/openapi.json"] {
        #expect(try caller.call("GET", target).status == 200)
      }
      let fields = ["Authorization": "bearer \(token)", "Host": "elsewhere"]
      #expect(try caller.call("GET", "/v1/cluster", fields).status == 200)
    }
  }

  @Test("Without a key, pages of others cannot ask in the place of a browser's user")
  func browsers() throws {
    try HTTPPlace.with { place in
      let caller = try place.caller()
      for fields in [
        ["Host": "evil.example"], ["Host": "10.0.0.1:80"], ["Origin": "http://evil.example"],
        ["Origin": "null"],
      ] {
        let answer = try caller.call("GET", "/v1/cluster", fields)
        #expect(answer.status == 403, "\(fields)")
        #expect(try Self.problem(answer)["code"]?.line == "\"not_allowed\"")
      }
      for host in ["localhost", "127.0.0.1:80", "[::1]:80", "LOCALHOST:1"] {
        let fields = ["Host": host, "Origin": "http://\(host)"]
        #expect(try caller.call("GET", "/v1/cluster", fields).status == 200, "\(host)")
      }
    }
  }

  @Test("Where other hosts reach the address, there is no server without a key")
  func openAddress() throws {
    let gateway = Gateway(most: 1) {}
    let service = HTTPService(gateway, HTTPLimits(), token: nil, memory: nil)
    let error = #expect(throws: FabricError.self) {
      try HTTPServer(HostPort(host: "0.0.0.0", port: 0), hasKey: false, service)
    }
    #expect(error?.code == .configuration)
    let taken = try HTTPServer(HostPort(host: "127.0.0.1", port: 0), hasKey: false, service)
    defer { taken.close() }
    let port = try #require(HostPort(taken.address))
    let second = #expect(throws: FabricError.self) {
      try HTTPServer(port, hasKey: false, service)
    }
    #expect(second?.message.contains("in use") == true)
  }
}
