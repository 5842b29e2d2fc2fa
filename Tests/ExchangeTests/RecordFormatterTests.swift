// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import TestSupport
import Testing

@Suite struct RecordFormatterTests {
  private func schema(
    _ key: TypeCode, _ value: TypeCode, _ shape: ResultSchema.Shape = .pairs
  ) -> ResultSchema {
    ResultSchema(key: key, value: value, shape: shape, order: .key)
  }

  private func line(
    _ format: RecordFormat, _ schema: ResultSchema, _ key: [UInt8], _ value: [UInt8]
  ) throws -> String {
    String(decoding: try RecordFormatter(format, schema).shown(key, value), as: UTF8.self)
  }

  private static let int64 = TypeCode.integer(bits: 64, isSigned: true)

  @Test(arguments: [
    (ResultSchema.Shape.pairs, RecordFormat.lines, "word\t-12\n"), (.pairs, .csv, "word,-12\r\n"),
    (.pairs, .jsonl, "{\"key\":\"word\",\"value\":-12}\n"), (.keys, .lines, "word\n"),
    (.keys, .csv, "word\r\n"), (.keys, .jsonl, "\"word\"\n"), (.values, .lines, "-12\n"),
    (.values, .csv, "-12\r\n"), (.values, .jsonl, "-12\n"),
  ])
  func `Each shape shows its columns`(
    shape: ResultSchema.Shape, format: RecordFormat, wanted: String
  ) throws {
    let schema = schema(.string, Self.int64, shape)
    #expect(try line(format, schema, Array("word".utf8), Encoded.integer(-12)) == wanted)
    let header = RecordFormatter(format, schema).header
    #expect(header == (format == .csv ? (shape == .pairs ? "key,value\r\n" : "value\r\n") : ""))
  }

  /// Reads CSV with quotes as RFC 4180 has it.
  private func cells(_ csv: [UInt8]) -> [[UInt8]] {
    var cells: [[UInt8]] = [[]]
    var isQuoted = false
    var index = 0
    while index < csv.count {
      let byte = csv[index]
      if isQuoted {
        if byte == 0x22, index + 1 < csv.count, csv[index + 1] == 0x22 {
          cells[cells.count - 1].append(byte)
          index += 1
        } else if byte == 0x22 {
          isQuoted = false
        } else {
          cells[cells.count - 1].append(byte)
        }
      } else if byte == 0x22 {
        isQuoted = true
      } else if byte == 0x2C {
        cells.append([])
      } else if byte == 0x0D {
        return cells
      } else {
        cells[cells.count - 1].append(byte)
      }
      index += 1
    }
    return cells
  }

  @Test(arguments: 0..<60) func `Any two texts read back from a line of CSV`(seed: Int) throws {
    var random = RandomSource(seed)
    let alphabet: [UInt8] = [0x2C, 0x22, 0x0A, 0x0D, 0x20, 0x09, 0x61, 0xFF, 0]
    let formatter = RecordFormatter(.csv, schema(.bytes, .bytes))
    for _ in 0..<20 {
      let key = random.bytes(random.number(0...6), of: alphabet)
      let value = random.bytes(random.number(0...6), of: alphabet)
      let shown = try formatter.shown(key, Encoded.counted(value))
      #expect(cells(shown) == [key, value])
      #expect(shown.suffix(2) == [0x0D, 0x0A])
    }
  }

  @Test func `Only cells that need quotes have them`() throws {
    let texts = schema(.string, .string)
    #expect(try line(.csv, texts, Array("a b".utf8), Encoded.text("x,y")) == "a b,\"x,y\"\r\n")
    #expect(try line(.csv, texts, [], Encoded.text(" x")) == "\"\",\" x\"\r\n")
    #expect(try line(.csv, texts, Array("\"".utf8), Encoded.text("é")) == "\"\"\"\",é\r\n")
  }

  @Test func `Lines show bytes as they are, JSON repairs them`() throws {
    let bytes: [UInt8] = [0x61, 0xFF, 0x62]
    let raw = schema(.bytes, .bytes)
    let lines = try RecordFormatter(.lines, raw).shown(bytes, Encoded.counted(bytes))
    #expect(lines == bytes + [0x09] + bytes + [0x0A])
    let csv = try RecordFormatter(.csv, raw).shown(bytes, Encoded.counted(bytes))
    #expect(csv == bytes + [0x2C] + bytes + [0x0D, 0x0A])
    let json = try RecordFormatter(.jsonl, raw).shown(bytes, Encoded.counted(bytes))
    let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: String]
    #expect(object == ["key": "a\u{FFFD}b", "value": "a\u{FFFD}b"])
  }

  @Test func `Keys of every type are shown as text and as JSON`() throws {
    let cases: [(TypeCode, [UInt8], plain: String, json: String)] = [
      (.bool, [1], "true", "true"), (.bool, [0], "false", "false"),
      (.integer(bits: 8, isSigned: true), Encoded.key(Int8(-128)), "-128", "-128"),
      (.integer(bits: 16, isSigned: true), Encoded.key(Int16(-2)), "-2", "-2"),
      (.integer(bits: 32, isSigned: true), Encoded.key(Int32.min), "-2147483648", "-2147483648"),
      (Self.int64, Encoded.key(Int64.max), "9223372036854775807", "9223372036854775807"),
      (
        .integer(bits: 128, isSigned: true), Encoded.key(Int128.min), "\(Int128.min)",
        "\(Int128.min)"
      ),
      (.integer(bits: 8, isSigned: false), Encoded.key(UInt8.max), "255", "255"),
      (.integer(bits: 16, isSigned: false), Encoded.key(UInt16.max), "65535", "65535"),
      (.integer(bits: 32, isSigned: false), Encoded.key(UInt32.max), "4294967295", "4294967295"),
      (
        .integer(bits: 64, isSigned: false), Encoded.key(UInt64.max), "\(UInt64.max)",
        "\(UInt64.max)"
      ),
      (
        .integer(bits: 128, isSigned: false), Encoded.key(UInt128.max), "\(UInt128.max)",
        "\(UInt128.max)"
      ),
      (.double, Encoded.key(-2.5), "-2.5", "-2.5"), (.double, Encoded.key(3.0), "3", "3"),
      (.double, Encoded.key(.nan), "nan", "null"),
      (.string, Array("a\"b".utf8), "a\"b", "\"a\\\"b\""),
      (
        .tuple([.string, .integer(bits: 8, isSigned: false), .bool]),
        Encoded.terminated("a\0b") + [7, 1], "a\0b\t7\ttrue", "[\"a\\u0000b\",7,true]"
      ),
    ]
    for (code, key, plain, json) in cases {
      let keys = schema(code, .nothing, .keys)
      #expect(try line(.lines, keys, key, []) == plain + "\n", "\(code)")
      #expect(try line(.jsonl, keys, key, []) == json + "\n", "\(code)")
    }
  }

  @Test func `Values of every type are shown as text and as JSON`() throws {
    let person = TaggedTree.record([
      ("name", .text("Ada")), ("tags", .list([.integer(-1), .none, .bool(true), .double(0.5)])),
    ])
    let cases: [(TypeCode, [UInt8], plain: String, json: String)] = [
      (.string, Encoded.text("a\tb"), "a\tb", "\"a\\tb\""), (.bool, [1], "true", "true"),
      (Self.int64, Encoded.integer(.min), "\(Int64.min)", "\(Int64.min)"),
      (.integer(bits: 64, isSigned: false), Encoded.varint(.max), "\(UInt64.max)", "\(UInt64.max)"),
      (
        .integer(bits: 128, isSigned: true), Encoded.fixed(Int128.min), "\(Int128.min)",
        "\(Int128.min)"
      ),
      (
        .integer(bits: 128, isSigned: false), Encoded.fixed(UInt128.max), "\(UInt128.max)",
        "\(UInt128.max)"
      ),
      (.double, Encoded.fixed((0.1).bitPattern), "0.1", "0.1"),
      (.double, Encoded.fixed(Double.infinity.bitPattern), "inf", "null"),
      (.float, Encoded.fixed(Float(0.1).bitPattern), "0.1", "0.1"),
      (.float, Encoded.fixed(Float(2).bitPattern), "2", "2"),
      (.float, Encoded.fixed((-Float.infinity).bitPattern), "-inf", "null"),
      (.optional(.string), [0], "", "null"),
      (.optional(.string), [1] + Encoded.text("x"), "x", "\"x\""),
      (
        .array(.string), [2] + Encoded.text("a") + Encoded.text("b"), "[\"a\",\"b\"]",
        "[\"a\",\"b\"]"
      ),
      (.array(Self.int64), [0], "[]", "[]"),
      (.tuple([.string, .bool]), Encoded.text("a") + [0], "[\"a\",false]", "[\"a\",false]"),
      (.tagged, Encoded.tree(.text("plain")), "plain", "\"plain\""),
      (.tagged, Encoded.tree(.natural(UInt64.max)), "\(UInt64.max)", "\(UInt64.max)"),
      (.tagged, Encoded.tree(.integer(.min)), "\(Int64.min)", "\(Int64.min)"),
      (
        .tagged, Encoded.tree(person), "{\"name\":\"Ada\",\"tags\":[-1,null,true,0.5]}",
        "{\"name\":\"Ada\",\"tags\":[-1,null,true,0.5]}"
      ),
    ]
    for (code, value, plain, json) in cases {
      let values = schema(.nothing, code, .values)
      #expect(try line(.lines, values, [], value) == plain + "\n", "\(code)")
      #expect(try line(.jsonl, values, [], value) == json + "\n", "\(code)")
      for cut in 0..<value.count {
        #expect(throws: ByteReader.Damaged.self) {
          _ = try line(.jsonl, values, [], Array(value[..<cut]))
        }
      }
    }
  }

  @Test func `File names end as their format does`() {
    #expect(RecordFormat.allCases.map(\.fileExtension) == ["txt", "csv", "jsonl"])
    #expect(RecordFormat(rawValue: "jsonl") == .jsonl && RecordFormat(rawValue: "xml") == nil)
  }
}
