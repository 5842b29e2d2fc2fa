// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

@Suite struct JSONValueTests {
  struct Visit: Codable, Record, Equatable {
    struct Page: Codable, Equatable {
      var url: String
      var weights: [Double]
    }
    var user: String
    var at: Int
    var page: Page?
    var isNew: Bool?
  }

  private func visits(_ text: String) throws -> [Visit] {
    let directory = try TemporaryDirectory()
    let path = try directory.write("visits.jsonl", text)
    return try run { flow in
      flow.read(.jsonl(path, as: Visit.self)).write(.result("result"))
    }.values(as: Visit.self)
  }

  @Test func `Documents become values`() throws {
    let text = """
      {"user":"ada","at":5,"page":{"url":"/a","weights":[1,2.5]},"isNew":true,"more":[]}

      {"at":6.0,"user":"bob","page":null}
      """
    let page = Visit.Page(url: "/a", weights: [1, 2.5])
    #expect(
      try visits(text) == [
        Visit(user: "ada", at: 5, page: page, isNew: true),
        Visit(user: "bob", at: 6, page: nil, isNew: nil),
      ])
  }

  @Test(arguments: [
    (#"{"user":"a","at":"x"}"#, #"at holds "x", which is no Int"#),
    (#"{"user":"a","at":1.5}"#, "at holds 1.5, which is no Int"),
    (#"{"user":"a"}"#, "there is no field named at"),
    (
      #"{"user":"a","at":1,"page":{"url":"u","weights":[1,true]}}"#,
      "page.weights.1 holds true, which is no Double"
    ), (#"{"user":"a","at":1,"page":{"url":"u"}}"#, "there is no field named page.weights"),
    (#"{"user":null,"at":1}"#, "user holds null, which is no String"),
    (#"{"user":"a","at":1"#, "this line is no JSON: a comma or } is missing (byte 19)"),
    (#"[1]"#, "the line holds [1], which is no Dictionary<String, Any>"),
  ])
  func `What does not fit is told with its path`(line: String, message: String) throws {
    let error = try #require(
      #expect(throws: JobError.self) { _ = try visits("{\"user\":\"a\",\"at\":1}\n" + line) })
    #expect(error.code == .badInput)
    if line != "[1]" { #expect(error.message == message) }
    #expect(error.record?.hasSuffix("visits.jsonl:2  \"\(line)\"") == true)
  }
}
