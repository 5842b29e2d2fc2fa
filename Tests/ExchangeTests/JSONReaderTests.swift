// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
  private static func read(_ text: String) throws(JSONReader.Wrong) -> String {
    try JSONReader.read(Array(text.utf8)).line
  }

  @Test(
    "What is JSON is read as it is meant",
    arguments: [
      ("{}", "{}"), (" [ ] ", "[]"), ("null", "null"), ("[true,false]", "[true,false]"),
      ("-0", "0"), ("12", "12"), ("18446744073709551615", "18446744073709551615"),
      ("-1.5e1", "-15"), ("{\"a\" : [1, {\"b\":\"c\"}]}", "{\"a\":[1,{\"b\":\"c\"}]}"),
      (#""\u00e9\n\"\\\/\ud83d\ude00""#, #""é\n\"\\/😀""#), ("\"é😀\"", "\"é😀\""),
    ])
  func good(_ text: String, _ line: String) throws {
    #expect(try Self.read(text) == line)
  }

  @Test(
    "What is not is refused, with its place",
    arguments: [
      ("", 0), ("{", 1), ("{\"a\"", 4), ("{\"a\":1,}", 7), ("[1,]", 3), ("[1 2]", 3),
      ("{a:1}", 1), ("01", 2), ("-", 1), ("1.", 2), ("1e", 2), ("1e999", 0), ("tru", 0),
      ("NaN", 0), ("\"a", 2), ("\"\u{1}\"", 1), (#""\x""#, 2), (#""\u12""#, 3),
      (#""\u12g4""#, 3), (#""\ud800""#, 3), (#""\ud800A""#, 3),
      (#""\ud800\u0041""#, 3), (#""\ud800\ud800""#, 3), ("{\"a\":1,\"a\":2}", 10),
      ("1 1", 2), ("// x", 0),
    ])
  func bad(_ text: String, _ offset: Int) throws {
    let wrong = #expect(throws: JSONReader.Wrong.self) { try Self.read(text) }
    #expect(wrong?.offset == offset, "\(wrong?.description ?? "")")
  }

  @Test("Bytes that are no text, and values that lie too deep, are refused")
  func hostile() throws {
    #expect(throws: JSONReader.Wrong.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONReader.Wrong.self) { try Self.read(deep) }
    let fair = String(repeating: "[", count: 30) + String(repeating: "]", count: 30)
    #expect(try Self.read(fair) == fair)
  }

  @Test("The form over several lines says the same")
  func lines() throws {
    let long = String(repeating: "x", count: 90)
    let document = JSON.object([("a", .array([.text(long), .object([])])), ("b", .integer(1))])
    #expect(document.lines.split(separator: "\n").count == 7)
    #expect(try Self.read(document.lines) == document.line)
    #expect(document["b"].map(\.line) == "1")
    #expect(document["c"] == nil)
  }
}
