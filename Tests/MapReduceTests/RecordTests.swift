// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@testable import MapReduce

func encodedValue(_ value: some Record) -> [UInt8] {
  var writer = RecordWriter()
  value.encode(into: &writer)
  return Array(writer.bytes)
}

func encodedKey(_ key: some Key) -> [UInt8] {
  var writer = RecordWriter()
  key.encodeKey(into: &writer, isLast: true)
  return Array(writer.bytes)
}

func decodedValue<V: Record>(_ bytes: [UInt8], as: V.Type) throws -> V {
  try bytes.withBytes {
    var reader = RecordReader($0)
    let value = try V(from: &reader)
    #expect(reader.isAtEnd)
    return value
  }
}

func decodedKey<K: Key>(_ bytes: [UInt8], as: K.Type) throws -> K {
  try bytes.withBytes { try K.decodeKey($0) }
}

@Suite struct RecordTests {
  private func check<V: Record & Equatable>(_ values: [V], _ code: String) throws {
    #expect("\(V.typeCode)" == code)
    #expect(TypeCode(code) == V.typeCode)
    for value in values {
      let bytes = encodedValue(value)
      #expect(try decodedValue(bytes, as: V.self) == value)
      for cut in 0..<bytes.count {
        #expect(throws: (any Error).self) { _ = try decodedValue(Array(bytes[..<cut]), as: V.self) }
      }
    }
    // Values stand one behind the other in arrays, optionals and tuples.
    #expect(try decodedValue(encodedValue(values), as: [V].self) == values)
    let optional: [V?] = values + [nil]
    #expect(try decodedValue(encodedValue(optional), as: [V?].self) == optional)
  }

  private func checkKey<K: Key & Comparable>(_ keys: [K]) throws {
    for key in keys {
      #expect(try decodedKey(encodedKey(key), as: K.self) == key)
      let tuple = Tuple(key, 7, key)
      let read = try decodedKey(encodedKey(tuple), as: Tuple<K, Int, K>.self)
      #expect(read.parts.0 == key && read.parts.1 == 7 && read.parts.2 == key)
      for other in keys {
        let order = encodedKey(key).lexicographicallyPrecedes(encodedKey(other))
        #expect(order == (key < other))
        let tuples = encodedKey(Tuple(key, 1)).lexicographicallyPrecedes(
          encodedKey(Tuple(other, 0)))
        #expect(tuples == (key < other))
      }
    }
  }

  private func checkInteger<N: IntegerKey>(_ type: N.Type, _ code: String) throws {
    let numbers: [N] = [.min, .min + 1, .max / 2, 0, 1, 63, 64, .max - 1, .max]
    try check(numbers, code)
    try checkKey(numbers)
  }

  @Test func `Integers of every width are records and keys`() throws {
    try checkInteger(Int.self, "int64")
    try checkInteger(Int8.self, "int8")
    try checkInteger(Int16.self, "int16")
    try checkInteger(Int32.self, "int32")
    try checkInteger(Int64.self, "int64")
    try checkInteger(Int128.self, "int128")
    try checkInteger(UInt.self, "uint64")
    try checkInteger(UInt8.self, "uint8")
    try checkInteger(UInt16.self, "uint16")
    try checkInteger(UInt32.self, "uint32")
    try checkInteger(UInt64.self, "uint64")
    try checkInteger(UInt128.self, "uint128")
  }

  @Test func `A number that does not fit its width is damaged`() {
    #expect(throws: (any Error).self) { _ = try decodedValue(encodedValue(300), as: Int8.self) }
    #expect(throws: (any Error).self) {
      _ = try decodedValue(encodedValue(UInt64.max), as: UInt32.self)
    }
  }

  @Test func `Doubles, floats and truth values are records, most of them keys`() throws {
    let doubles = [-Double.infinity, -1.5, -5e-300, 0, 5e-300, 1.5, .infinity]
    try check(doubles, "double")
    try checkKey(doubles)
    try check([-Float.infinity, -1.5, 0, .leastNonzeroMagnitude, 1.5], "float")
    try check([true, false], "bool")
    #expect(encodedKey(false).lexicographicallyPrecedes(encodedKey(true)))
    #expect(try decodedKey(encodedKey(true), as: Bool.self))
    #expect(try decodedValue(encodedValue(Double.nan), as: Double.self).isNaN)
    #expect(try decodedValue(encodedValue(-0.0), as: Double.self).sign == .minus)
    #expect(encodedKey(-0.0) == encodedKey(0.0))
  }

  @Test func `Text is a record and a key, with zero bytes and beyond ASCII`() throws {
    let texts = [
      "", "a", "a\0", "a\0\u{1}", "ab", "b", "grün", "日本語", String(repeating: "x", count: 300),
    ]
    try check(texts, "string")
    try checkKey(texts)
  }

  @Test func `Arrays of bytes are bytes, other arrays are arrays`() throws {
    let runs: [[UInt8]] = [[], [0], [0, 0], [0, 255], [1], [255], Array(0...255)]
    try check(runs, "bytes")
    for run in runs {
      #expect(try decodedKey(encodedKey(run), as: [UInt8].self) == run)
      let tuple = try decodedKey(encodedKey(Tuple(run, 1)), as: Tuple<[UInt8], Int>.self)
      #expect(tuple.parts.0 == run && tuple.parts.1 == 1)
      for other in runs {
        let order = encodedKey(Tuple(run, 1)).lexicographicallyPrecedes(encodedKey(Tuple(other, 0)))
        #expect(order == run.lexicographicallyPrecedes(other))
      }
    }
    try check([[1, 2], [], [-3]], "[int64]")
    try check([["a", "b"], [], [""]], "[string]")
    try check([[[1.5]], [], [[], [2]]], "[[double]]")
  }

  @Test func `Optionals nest`() throws {
    try check([nil, "a", ""], "string?")
    let twice: [Int??] = [nil, .some(nil), 5]
    try check(twice, "int64??")
    try check([[1, nil], [nil], []], "[int64?]")
  }

  @Test func `Views are keys, without zero bytes in a tuple`() throws {
    #expect(Bytes.isView && Bytes("ab").view == Bytes("ab"))
    #expect(encodedKey(Bytes("ab\0c")) == Array("ab\0c".utf8))
    try encodedKey(Tuple(Bytes("ab"), Bytes(""), 3)).withBytes {
      let tuple = try Tuple<Bytes, Bytes, Int>.decodeKey($0)
      #expect(tuple.parts.0 == Bytes("ab") && tuple.parts.1.isEmpty && tuple.parts.2 == 3)
    }
    let error = #expect(throws: JobError.self) {
      try encodedKey(Tuple(Bytes("a\0b"), 1)).withBytes { _ = try Tuple<Bytes, Int>.decodeKey($0) }
    }
    #expect(error?.advice?.contains("[UInt8]") == true)
  }

  @Test func `Tuples are keys and records of any length`() throws {
    typealias Three = Tuple<String, Int, Bool>
    #expect("\(Three.typeCode)" == "(string,int64,bool)")
    let three = Three("a\0b", -1, true)
    let key = try decodedKey(encodedKey(three), as: Three.self)
    #expect(key.parts == ("a\0b", -1, true))
    let value = try decodedValue(encodedValue(three), as: Three.self)
    #expect(value.parts == ("a\0b", -1, true))
    typealias Nested = Tuple<Tuple<String, Int>, Double>
    let nested = try decodedKey(encodedKey(Nested(Tuple("x", 2), 0.5)), as: Nested.self)
    #expect(nested.parts.0.parts == ("x", 2) && nested.parts.1 == 0.5)
  }

  @Test(arguments: 0..<20) func `Tuples sort by their parts, from the first to the last`(seed: Int)
  {
    var random = RandomSource(seed)
    for _ in 0..<100 {
      func part() -> (String, Int) {
        (
          String(decoding: random.bytes(random.number(0...2), of: [0, 1, 0x61]), as: UTF8.self),
          random.number(-2...2)
        )
      }
      let (a, b) = (part(), part())
      let order = encodedKey(Tuple(a.0, a.1)).lexicographicallyPrecedes(encodedKey(Tuple(b.0, b.1)))
      #expect(order == (a < b))
    }
  }
}
