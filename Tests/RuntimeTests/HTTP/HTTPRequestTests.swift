// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite("Heads of HTTP requests")
struct HTTPRequestTests {
  private static func read(_ head: String) throws(Problem) -> HTTPRequest {
    try HTTPRequest(head: Array(head.utf8)[...], limits: HTTPLimits())
  }

  @Test("A head is read as it is meant")
  func good() throws {
    let request = try Self.read(
      "PUT /a%2Fb/c%C3%A9?x=1+2%2B&y=&z HTTP/1.1\r\nHOST: h\r\nA-b: \t c \r\nContent-Length: 12\r\n"
    )
    #expect(request.method == "PUT")
    #expect(request.path == ["a/b", "cé"])
    #expect(request.parameter("x") == "1 2+")
    #expect(request.parameter("y") == "" && request.parameter("z") == "")
    #expect(request.parameter("w") == nil)
    #expect(request["a-b"] == "c")
    #expect(request.bodyBytes == 12)
    #expect(!request.wantsClose && !request.expectsContinue)
  }

  @Test(
    "What only some would understand is refused",
    arguments: [
      ("GET / HTTP/1.1\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n", 400),
      ("GET /\r\nHost: a\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n", 400),
      ("G(T / HTTP/1.1\r\nHost: a\r\n", 400), ("GET x HTTP/1.1\r\nHost: a\r\n", 400),
      ("GET http://a/ HTTP/1.1\r\nHost: a\r\n", 400), ("GET / HTTP/2.0\r\nHost: a\r\n", 505),
      ("GET / HTTP/1.1\nHost: a\r\n", 400), ("GET / HTTP/1.1\r\nHost : a\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\u{0}\r\n", 400),
      ("GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n", 400),
      ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n", 411),
      ("GET /%4 HTTP/1.1\r\nHost: a\r\n", 400), ("GET /%zz HTTP/1.1\r\nHost: a\r\n", 400),
      ("GET /%00 HTTP/1.1\r\nHost: a\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: a\r\n", 400),
      ("GET /?a=1&a=2 HTTP/1.1\r\nHost: a\r\n", 400),
    ])
  func bad(_ head: String, _ status: Int) throws {
    let problem = #expect(throws: Problem.self) { try Self.read(head) }
    #expect(problem?.status == status, "\(problem?.message ?? "")")
  }

  @Test("More fields than there is room for are refused")
  func manyFields() throws {
    let fields = (0..<64).map { "f\($0): x\r\n" }.joined()
    let problem = #expect(throws: Problem.self) {
      try Self.read("GET / HTTP/1.1\r\nHost: a\r\n" + fields)
    }
    #expect(problem?.status == 431)
  }

  @Test(
    "What a client accepts is weighed",
    arguments: [
      ("*/*", 1000, 1000), ("text/csv", 1000, 0), ("text/*;q=0.5, */*;q=0.1", 500, 100),
      ("text/csv;q=0, */*", 0, 1000), ("Text/CSV; q=0.25", 250, 0), ("", 0, 0),
      ("application/jsonl;q=nan,text/csv;q=7", 1000, 0),
    ])
  func accept(_ field: String, _ csv: Int, _ jsonl: Int) {
    let ranges = MediaRange.list(field)
    #expect(MediaRange.weight(of: "text/csv", in: ranges) == csv)
    #expect(MediaRange.weight(of: "application/jsonl", in: ranges) == jsonl)
  }

  @Test("Of all routes, a path is that of one, and names are taken apart from what follows them")
  func routes() throws {
    func found(_ path: [String]) -> [String] {
      Route.all.filter { $0.match(path) != nil }.map { "\($0.method) \($0.template)" }
    }
    #expect(found(["v1", "results", "a"]) == ["GET /v1/results/{name}"])
    #expect(found(["v1", "results", ""]) == [])
    #expect(found(["v1"]) == [])
    let cancel = try #require(Route.all.first { $0.operation == "cancelJob" })
    #expect(cancel.match(["v1", "jobs", "j-1:cancel"]) == ["id": "j-1"])
    #expect(cancel.match(["v1", "jobs", ":cancel"]) == nil)
    #expect(cancel.match(["v1", "jobs", "j-1"]) == nil)
  }
}
