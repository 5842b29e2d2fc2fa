// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@Suite("Where the values of JSON stand")
struct JSONIndexTests {
  private func isRead(_ text: String) -> Bool { isRead(Array(text.utf8)) }

  private func isRead(_ bytes: [UInt8]) -> Bool {
    var index = JSONIndex()
    return bytes.withBytes { index.read($0) }
  }

  @Test(
    "What is JSON is taken",
    arguments: [
      "{}", " [ ] ", "null", "[true,false]", "-0", "0", "1.5E+3", "18446744073709551616",
      #"{"a":1,"b":[{"a":2}],"c":{"a":3}}"#, #""\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t""#,
      #"{"é":"é"}"#,
      #"{"0123456789":"0123456789abcdef"}"#, "\t{\"a\"\r:\n1 } ",
    ])
  func good(_ text: String) { #expect(isRead(text)) }

  @Test(
    "What is no JSON is refused",
    arguments: [
      "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
      "{,}", "{a:1}", "01", "-", "+1", "1.", ".5", "1e", "1e+", "1e999", "tru", "truex", "nul",
      "NaN",
      "0x10",
      "\"", "\"a", #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, #""\ud800""#, #""\ud800\u0041""#,
      #""\udc00""#, "\"\u{1}\"", "\"\t\"", "1 1", "{} {}", "// x", "[1]]",
      "{\"a\":1,\"a\":2}",
      "{\"0123456789\":1,\"b\":[],\"0123456789\":2}", "{\"é\":1,\"e\u{301}\":2}",
      "\"\\u0000", "[\"]",
    ])
  func bad(_ text: String) { #expect(!isRead(text)) }

  @Test("Bytes that are no text are refused, wherever they stand")
  func noText() {
    #expect(!isRead([0x22, 0xFF, 0x22]))
    #expect(!isRead([0x22, 0xC3, 0x22]))
    #expect(!isRead([0x5B, 0xC3, 0xA9, 0x5D]))
    #expect(!isRead([0x31, 0]))
  }

  @Test("Values lie in each other as deep as they may")
  func depth() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(isRead(nested(33)))
    #expect(!isRead(nested(34)))
  }

  /// The numbers of fields, asked for one after the other; nil where an object has none.
  private func numbers(
    _ index: inout JSONIndex, _ line: String, _ fields: [(object: Int, name: String)]
  ) -> [Int?] {
    Array(line.utf8).withBytes { bytes in
      guard index.read(bytes) else { return [] }
      return fields.map { field in
        let part = index.find(field.name, in: field.object)
        return part.map { index[$0].value }
      }
    }
  }

  @Test("Fields are found in the object that is asked, in any order")
  func fields() {
    var index = JSONIndex()
    // The inner object is the value of the second field.
    let fields = [
      (0, "a"), (4, "a"), (0, "c"), (4, "c"), (0, "long name"), (0, "long nam"), (4, "long name"),
    ]
    for line in [
      #"{"a":1,"b":{"a":2,"c":3},"long name":4}"#, #"{"long name":4,"b":{"c":3,"a":2},"a":1}"#,
    ] {
      for _ in 0..<2 {
        let found = numbers(&index, line, fields)
        #expect(found == [1, 2, nil, 3, 4, nil, nil])
      }
    }
  }

  @Test("A name among many is found, and comes once")
  func manyFields() {
    let names = (0..<500).map { "\($0 % 7) name \($0)" }
    let line = names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",")
    var index = JSONIndex()
    let found = numbers(&index, "{\(line)}", names.reversed().map { (0, $0) })
    #expect(found == (0..<500).reversed())
    #expect(!isRead("{\(line),\"3 name 3\":0}"))
  }
}
