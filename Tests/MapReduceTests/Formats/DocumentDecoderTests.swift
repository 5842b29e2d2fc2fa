// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing

@testable import MapReduce

/// What is decoded straight from a line is what is decoded by way of a tree.
@Suite struct DocumentDecoderTests {
  private static let written = #"""
    {"id":1,"ratio":2,"name":"a"}
    {"id":2.0,"small":255,"large":18446744073709551615,"name":"b\u00e9\n\"","ratio":-1.5e-3}
    {"id":2,"huge":"170141183460469231731687303715884105727","name":"","ratio":1}
    {"id":2,"huge":-5,"short":0.1,"isOn":true,"color":"red","name":"","ratio":1}
     { "name" : "é😀" , "ratio":-0, "id":-7,"choice":{"point":{"x":1,"y":2.5}},"isOn":null }\#u{20}
    {"id":3,"ratio":1e3,"name":"","choice":{"none":{}},"leaf":{"name":"l","weights":[]}}
    {"id":4,"ratio":0,"name":"n","leaves":[{"name":"x"},{"weights":[1,2.5,3e0],"name":"y"}]}
    {"id":4,"ratio":0,"name":"","counts":{"b":2,"a":1},"byNumber":{"1":"one","2":"two"}}
    {"id":5,"ratio":0.25,"name":"m","maybe":[1,null,3],"node":{"number":1,"next":{"number":2}}}
    {"id":5,"ratio":0.25,"name":"m","derived":{"own":"o","super":{"base":9}}}
    {"id":6,"ratio":9007199254740993,"name":"f"}
    {"flat":{"list":[1,null,["a","b"],4],"object":{"inner":5}},"id":6,"ratio":0,"name":"f"}
    [1,-0,1.0,123456789012345678901,[],[[]],{},"x",true,false,null,1e2,{"a":{"b":[{"c":0}]}}]
    "only a text"
    17
    null
    1e400
    {"é":1,"e\u0301":2}
    {"é":1,"e\#u{301}":2}
    {"a":1,"\u0061":2}
    {"a":"\ud83d\u0041"}
    {"a":"\ud83d\ude00","b":"\/\b\f\r\t\\","c":"0123456789abcdef0123456789"}
    """#

  private static let documents: [String] = {
    var documents = written.split(separator: "\n").map(String.init)
    for depth in [33, 34] {
      documents.append(
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    }
    for zeros in [308, 309] { documents.append("1" + String(repeating: "0", count: zeros)) }
    let fields = (0..<100).map { "\"field \($0)\":\($0)" }
    documents.append("{" + fields.joined(separator: ",") + "}")
    return documents
  }()

  private func outcome<T>(_ decode: () throws -> T) -> String {
    do {
      return "\(try decode())"
    } catch let error as JobError {
      return "error: \(error.message)"
    } catch {
      return "another error: \(error)"
    }
  }

  /// Decodes in both ways, as two types, and again as the first one: places that were remembered
  /// are then of another document.
  private func check(_ line: [UInt8], _ decoder: DocumentDecoder, _ note: String = "") {
    func compare<T: Decodable>(_ type: T.Type) {
      let (direct, byTree) = line.withBytes { line in
        (
          outcome { try decoder.decode(T.self, from: line) },
          outcome { try JSONValue.decode(T.self, from: line) }
        )
      }
      #expect(direct == byTree, "\(String(decoding: line, as: UTF8.self)) \(note)")
    }
    compare(EveryShape.self)
    compare(AnyShape.self)
    compare(EveryShape.self)
  }

  @Test func `Types of every shape are decoded`() {
    let decoder = DocumentDecoder()
    for document in Self.documents { check(Array(document.utf8), decoder) }
  }

  @Test func `Types that other modules have made decodable are decoded`() throws {
    struct Times: Decodable {
      var at: Date
      var data: Data
      var url: URL
      var price: Decimal
    }
    let line = Array(#"{"at":1.5,"data":[1,2,255],"url":"http://a/b","price":[1]}"#.utf8)
    line.withBytes { line in
      let decoder = DocumentDecoder()
      #expect(
        outcome { try decoder.decode(Times.self, from: line) }
          == outcome { try JSONValue.decode(Times.self, from: line) })
      struct Short: Decodable {
        var at: Date
        var data: Data
      }
      let short = outcome { try decoder.decode(Short.self, from: line) }
      #expect(!short.contains("error"))
      #expect(short == outcome { try JSONValue.decode(Short.self, from: line) })
    }
  }

  @Test func `Numbers of 128 bits are decoded from texts and short numbers`() throws {
    struct Wide: Decodable, Equatable {
      var a: Int128
      var b: UInt128?
      var c: [Int128]
      var d: [String: UInt128]
    }
    let largest = "340282366920938463463374607431768211455"
    let line = Array("{\"a\":-5,\"b\":\"\(largest)\",\"c\":[1,\"-2\"],\"d\":{\"e\":3}}".utf8)
    let wanted = Wide(a: -5, b: .max, c: [1, -2], d: ["e": 3])
    let (direct, byTree) = try line.withBytes { line in
      (
        try DocumentDecoder().decode(Wide.self, from: line),
        try JSONValue.decode(Wide.self, from: line)
      )
    }
    #expect(direct == wanted)
    #expect(byTree == wanted)
  }

  @Test func `Damaged documents are told alike`() {
    let seed = Int.random(in: 0...Int.max)
    var random = RandomSource(seed)
    let decoder = DocumentDecoder()
    let bytes = Array("{}[]:,\"\\ u0de19.-+e\ttn\u{1}".utf8) + [0xC3, 0xA9, 0xFF, 0]
    for _ in 0..<3000 {
      var line = Array(Self.documents[random.number(0...(Self.documents.count - 1))].utf8)
      for _ in 0..<random.number(1...3) where !line.isEmpty {
        let place = random.number(0...(line.count - 1))
        let byte = bytes[random.number(0...(bytes.count - 1))]
        switch random.number(0...2) {
        case 0: line.remove(at: place)
        case 1: line.insert(byte, at: place)
        default: line[place] = byte
        }
      }
      check(line, decoder, "seed \(seed)")
    }
  }

  @Test func `A decoder that is asked for two kinds of fields gives both`() throws {
    struct Both: Decodable {
      var a: Int
      var b: Int
      enum First: String, CodingKey { case a }
      enum Second: String, CodingKey { case b }
      init(from decoder: any Decoder) throws {
        let first = try decoder.container(keyedBy: First.self)
        let second = try decoder.container(keyedBy: Second.self)
        b = try second.decode(Int.self, forKey: .b)
        a = try first.decode(Int.self, forKey: .a)
      }
    }
    let decoder = DocumentDecoder()
    for (line, sum) in [(#"{"a":1,"b":2}"#, 12), (#"{"b":3,"x":[{"a":9}],"a":4}"#, 43)] {
      let both = try Array(line.utf8).withBytes { try decoder.decode(Both.self, from: $0) }
      #expect(10 * both.a + both.b == sum)
    }
  }
}
