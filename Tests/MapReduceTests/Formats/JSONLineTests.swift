// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

@Suite struct JSONLineTests {
  /// What `read` makes of each line of a text.
  private func lines(
    _ text: String, _ read: @escaping @Sendable (JSONLine) throws -> String
  ) throws -> [String] {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file.jsonl", text)
    return try run { flow in
      flow.read(.jsonl(path)).map(read, line: 5).write(.result("result"))
    }.values(as: String.self)
  }

  private func failure(
    _ text: String, _ read: @escaping @Sendable (JSONLine) throws -> String
  ) throws -> JobError {
    let error = try #require(#expect(throws: JobError.self) { _ = try lines(text, read) })
    #expect(error.code == .badInput)
    return error
  }

  private static let mixed = #"""
    {"user":"ada","n":1,"x":-2.5e1,"ok":true,"none":null,"tags":["a}","\"]",{"user":"no"}]}

    {"tags" : { "user" : "no", "a" : [ [ ] , { } ] }, "x":3, "user": "b\u0065\n\\","ok":false,"n":2}
    """#

  @Test func `Fields are found wherever they stand`() throws {
    let read = try lines(Self.mixed) { line in
      let ok = try line.bool("ok")
      return "\(try line.string("user")) \(try line.int("n")) \(try line.double("x")) \(ok)"
    }
    #expect(read == ["ada 1 -25.0 true", "be\n\\ 2 3.0 false"])
    let raw = try lines(Self.mixed) { "\(try $0.bytes("user")) \(try $0.json("tags"))" }
    #expect(
      raw == [
        #"ada ["a}","\"]",{"user":"no"}]"#,
        "be\n\\ { \"user\" : \"no\", \"a\" : [ [ ] , { } ] }",
      ])
  }

  @Test func `What is missing or null is nil where it may be`() throws {
    let read = try lines("{\"a\":null}\n{}\n{ \"b\": 1 }\n") { line in
      let all: [Any?] = [
        try line.optionalString("a"), try line.optionalInt("a"), try line.optionalDouble("a"),
        try line.optionalBool("a"), try line.optionalBytes("a"), try line.optionalJSON("a"),
      ]
      return "\(all.compactMap { $0 }.count)"
    }
    #expect(read == ["0", "0", "0"])
    let there = try lines(#"{"s":"x","n":1,"d":2,"t":true}"#) { line in
      let (s, n) = (try line.optionalString("s"), try line.optionalInt("n"))
      let (d, t) = (try line.optionalDouble("d"), try line.optionalBool("t"))
      return
        "\(s ?? "") \(n ?? 0) \(d ?? 0) \(t ?? false) \(try line.optionalJSON("n")?.count ?? 0)"
    }
    #expect(there == ["x 1 2.0 true 1"])
  }

  @Test func `Escapes in names and texts are read`() throws {
    let read = try lines(#"{"a\"b":"1","\u0063":"x\\","d":"\\\"","e":"\ud83d\ude00é"}"#) { line in
      try ["a\"b", "c", "d", "e"].map { try line.string($0) }.joined(separator: "|")
    }
    #expect(read == ["1|x\\|\\\"|😀é"])
  }

  @Test func `The first of fields with one name counts`() throws {
    #expect(try lines(#"{"a":1,"a":2}"#) { "\(try $0.int("a"))" } == ["1"])
    #expect(try lines(#"{"a":1e3,"b":2.0}"#) { "\(try $0.int("a") + $0.int("b"))" } == ["1002"])
  }

  @Test(arguments: [
    (#"{"a":"x"}"#, #"a holds "x", which is no Int"#),
    (#"{"a":1.5}"#, "a holds 1.5, which is no Int"),
    (#"{"a":null}"#, "a holds null, which is no Int"), ("{}", "there is no field named a"),
    (#"{"a":0x10}"#, "a holds 0x10, which is no Int"),
    (#"{"a":[1]}"#, "a holds [1], which is no Int"),
    ("[1]", "this line is no JSON object: it does not begin with { (byte 1)"),
    (#"{"b" 1}"#, "this line is no JSON object: a colon is missing (byte 6)"),
    (#"{"b":1 "a":2}"#, "this line is no JSON object: a comma or } is missing (byte 8)"),
    (#"{"b":1,}"#, "this line is no JSON object: a name in quotes is missing (byte 8)"),
    (#"{"b":}"#, "this line is no JSON object: a value is missing (byte 6)"),
    (#"{"b":[1,"x]"#, "this line is no JSON object: it ends inside of a text (byte 9)"),
    (#"{"b":[1"#, "this line is no JSON object: it ends inside of a value (byte 8)"),
    (#"{"b":1} {"#, "this line is no JSON object: something stands behind the object (byte 9)"),
  ])
  func `What does not fit is told with file, line and field`(line: String, message: String) throws {
    let error = try failure("{\"a\":1}\n\n" + line + "\n") { "\(try $0.int("a"))" }
    #expect(error.message == message)
    #expect(error.record?.hasSuffix("file.jsonl:3  \"\(line)\"") == true)
  }

  @Test func `Other types are told as well`() throws {
    #expect(
      try failure(#"{"a":1}"#) { try $0.string("a") }.message == "a holds 1, which is no String")
    #expect(
      try failure(#"{"a":"1"}"#) { "\(try $0.double("a"))" }.message
        == "a holds \"1\", which is no Double")
    #expect(try failure(#"{"a":inf}"#) { "\(try $0.double("a"))" }.message.hasPrefix("a holds inf"))
    #expect(
      try failure(#"{"a":0}"#) { "\(try $0.bool("a"))" }.message == "a holds 0, which is no Bool")
    #expect(
      try failure(#"{"a":"\x"}"#) { try $0.string("a") }.message
        == "a text of this line is no JSON: there is no such escape")
  }
}
