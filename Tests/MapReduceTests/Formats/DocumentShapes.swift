// SPDX-License-Identifier: Apache-2.0

/// A value of any shape, with the path to each part of it.
indirect enum AnyShape: Decodable {
  case null(String), bool(Bool, String), int(Int, String), natural(UInt64, String)
  case number(Double, String), text(String, String), list([AnyShape]), object([(String, AnyShape)])

  struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    if let fields = try? decoder.container(keyedBy: Key.self) {
      self = .object(
        try fields.allKeys.map { ($0.stringValue, try fields.decode(AnyShape.self, forKey: $0)) })
    } else if var elements = try? decoder.unkeyedContainer() {
      var list: [AnyShape] = []
      while !elements.isAtEnd { list.append(try elements.decode(AnyShape.self)) }
      self = .list(list)
    } else {
      self = try Self(single: decoder.singleValueContainer())
    }
  }

  private init(single value: any SingleValueDecodingContainer) throws {
    let path = value.codingPath.map(\.stringValue).joined(separator: ".")
    if value.decodeNil() {
      self = .null(path)
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool, path)
    } else if let int = try? value.decode(Int.self) {
      self = .int(int, path)
    } else if let natural = try? value.decode(UInt64.self) {
      self = .natural(natural, path)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number, path)
    } else {
      self = .text(try value.decode(String.self), path)
    }
  }
}

class BaseShape: Decodable {
  var base: Int
}

/// Whose base stands in a field of its own.
final class DerivedShape: BaseShape, CustomStringConvertible {
  var own: String
  var description: String { "\(base) \(own)" }

  private enum CodingKeys: String, CodingKey { case own }

  required init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    own = try fields.decode(String.self, forKey: .own)
    try super.init(from: fields.superDecoder())
  }
}

/// One of the shapes that the compiler writes decoders for, and of those that are written by hand.
struct EveryShape: Decodable {
  enum Color: String, Decodable { case red, blue }
  enum Choice: Decodable {
    case none
    case point(x: Double, y: Double)
  }
  struct Leaf: Decodable {
    var name: String
    var weights: [Double]?
  }
  final class Node: Decodable, CustomStringConvertible {
    var next: Node?
    var number: Int
    var description: String { "\(number) then \(next?.description ?? "none")" }
  }
  /// A dictionary that always shows its keys in one order.
  struct InOrder<Key: Decodable & Hashable & Comparable, Value: Decodable>: Decodable,
    CustomStringConvertible
  {
    private let values: [Key: Value]
    init(from decoder: any Decoder) throws { values = try [Key: Value](from: decoder) }
    var description: String { "\(values.sorted { $0.key < $1.key })" }
  }
  /// Reads its parts out of lists and objects without types of their own.
  struct Flat: Decodable {
    var first: Int
    var isSecondNull: Bool
    var rest: [String]
    var inner: Int

    private enum CodingKeys: String, CodingKey { case list, object }

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: CodingKeys.self)
      var list = try fields.nestedUnkeyedContainer(forKey: .list)
      first = try list.decode(Int.self)
      isSecondNull = try list.decodeNil()
      var inside = try list.nestedUnkeyedContainer()
      rest = []
      while !inside.isAtEnd { rest.append(try inside.decode(String.self)) }
      rest.append("\(list.count ?? -1) \(list.currentIndex) \(list.isAtEnd)")
      let object = try fields.nestedContainer(keyedBy: AnyShape.Key.self, forKey: .object)
      inner = try object.decode(Int.self, forKey: AnyShape.Key(stringValue: "inner"))
    }
  }

  var id: Int
  var small: UInt8?
  var large: UInt64?
  var huge: Int128?
  var ratio: Double
  var short: Float?
  var isOn: Bool?
  var name: String
  var color: Color?
  var choice: Choice?
  var leaf: Leaf?
  var leaves: [Leaf]?
  var counts: InOrder<String, Int>?
  var byNumber: InOrder<Int, String>?
  var maybe: [Int?]?
  var node: Node?
  var derived: DerivedShape?
  var flat: Flat?
}
