// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import TestSupport
import Testing

@Suite struct JSONTests {
  private func parsed(_ json: String) throws -> Any {
    try JSONSerialization.jsonObject(with: Data(json.utf8), options: [.fragmentsAllowed])
  }

  private func quoted(_ bytes: [UInt8]) -> String {
    var buffer = ByteBuffer()
    bytes.withBytes { buffer.appendJSONString($0) }
    return String(buffer.bytes)
  }

  @Test func `Every character of one byte reads back`() throws {
    for byte in 0..<128 as Range<UInt8> {
      let text = String(decoding: [0x61, byte, 0x62], as: UTF8.self)
      let json = quoted(Array(text.utf8))
      #expect(try parsed(json) as? String == text)
      #expect(json.utf8.allSatisfy { $0 >= 0x20 })
    }
  }

  @Test(arguments: 0..<80) func `Any bytes become a JSON string, repaired where they are not UTF-8`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    let pieces: [[UInt8]] = [
      Array("é".utf8), Array("日".utf8), Array("😀".utf8), [0x22], [0x5C], [0x0A], [0], [0x61],
      [0xFF],
      [0xC3], [0xED, 0xA0, 0x80], [0xF0, 0x9F],
    ]
    let isValid = seed % 2 == 0
    let bytes = (0..<random.number(0...30)).flatMap { _ in
      pieces[random.number(0...(isValid ? 7 : pieces.count - 1))]
    }
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(try parsed(quoted(bytes)) as? String == text)
    var buffer = ByteBuffer()
    buffer.appendJSONString(text)
    let again = String(buffer.bytes)
    #expect(again == quoted(bytes))
  }

  @Test(arguments: 0..<10) func `Doubles read back to the last bit`(seed: Int) throws {
    var random = RandomSource(seed)
    let numbers: [Double] =
      [
        0, 1, -1, 0.1, 1e15, 1e15 - 1, -1e15, 1e16, 1e300, .leastNonzeroMagnitude, 123_456_789.5,
        .pi,
      ]
      + (0..<200).map { _ in Double(bitPattern: random.next()) }.filter(\.isFinite)
    for number in numbers {
      #expect(Double(number.shortText) == number)
      var buffer = ByteBuffer()
      buffer.appendJSONNumber(number)
      let text = String(buffer.bytes)
      #expect(try JSONDecoder().decode(Double.self, from: Data(text.utf8)) == number)
    }
    #expect(2.0.shortText == "2" && 0.5.shortText == "0.5")
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity]) func `What is no JSON number is null`(
    number: Double
  ) {
    #expect(JSON.number(number).line == "null")
  }

  @Test func `A document reads back with its fields in order`() throws {
    let document = JSON.object([
      ("z", .array([.null, .bool(true), .bool(false), .integer(-5), .number(0.25)])),
      ("a \"b\"\n", .object([("inner", .text("x\\y"))])), ("e", .array([])), ("o", .object([])),
    ])
    #expect(document.line.hasPrefix("{\"z\":[null,true,false,-5,0.25],\"a \\\"b\\\"\\n\":{"))
    let object = try #require(try parsed(document.line) as? [String: Any])
    #expect(object.count == 4)
    #expect((object["a \"b\"\n"] as? [String: String]) == ["inner": "x\\y"])
    #expect((object["z"] as? [Any])?.count == 5)
  }
}
