// SPDX-License-Identifier: Apache-2.0
public import Exchange
import Memory

extension Record where Self: Codable {
  /// A tree of tagged values.
  public static var typeCode: TypeCode { .tagged }

  /// The value as a tree of tagged values, fields in the order of their names.
  public func encode(into target: inout RecordWriter) {
    let tree = TaggedEncoder.tree(self)
    tree.write(to: &target.buffer)
  }

  /// Reads what `encode` wrote.
  public init(from source: inout RecordReader) throws {
    let tree = try TaggedTree(from: &source.reader, depth: 0)
    self = try Self(from: TaggedDecoder(tree: tree, codingPath: []))
  }
}

/// Encodes any `Codable` value as a tree.
struct TaggedEncoder: Encoder {
  /// The node under construction: containers fill it in place.
  final class Node {
    var tree: TaggedTree = .none
    var list: [Node] = []
    var fields: [(String, Node)] = []
    var kind = Kind.single
    enum Kind { case single, list, record }

    var finished: TaggedTree {
      switch kind {
      case .single: tree
      case .list: .list(list.map(\.finished))
      // By name: the fields of a dictionary come in another order in every process.
      case .record: .record(fields.sorted { $0.0 < $1.0 }.map { ($0.0, $0.1.finished) })
      }
    }
  }

  let node: Node
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  static func tree(_ value: some Encodable) -> TaggedTree {
    let node = Node()
    do {
      try value.encode(to: TaggedEncoder(node: node, codingPath: []))
    } catch {
      // The containers below never throw: only the type's own `encode(to:)` can.
      preconditionFailure("\(type(of: value)) cannot be encoded: \(error)")
    }
    return node.finished
  }

  func container<Field: CodingKey>(keyedBy type: Field.Type) -> KeyedEncodingContainer<Field> {
    node.kind = .record
    return KeyedEncodingContainer(Fields<Field>(node: node, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    node.kind = .list
    return Elements(node: node, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer {
    Single(node: node, codingPath: codingPath)
  }

  struct Single: SingleValueEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]

    mutating func encodeNil() { node.tree = .none }
    mutating func encode(_ value: Bool) { node.tree = .bool(value) }
    mutating func encode(_ value: String) { node.tree = .text(value) }
    mutating func encode(_ value: Double) { node.tree = .double(value) }
    mutating func encode(_ value: Float) { node.tree = .double(Double(value)) }
    mutating func encode(_ value: Int) { node.tree = .integer(Int64(value)) }
    mutating func encode(_ value: Int8) { node.tree = .integer(Int64(value)) }
    mutating func encode(_ value: Int16) { node.tree = .integer(Int64(value)) }
    mutating func encode(_ value: Int32) { node.tree = .integer(Int64(value)) }
    mutating func encode(_ value: Int64) { node.tree = .integer(value) }
    mutating func encode(_ value: UInt) { node.tree = .natural(UInt64(value)) }
    mutating func encode(_ value: UInt8) { node.tree = .natural(UInt64(value)) }
    mutating func encode(_ value: UInt16) { node.tree = .natural(UInt64(value)) }
    mutating func encode(_ value: UInt32) { node.tree = .natural(UInt64(value)) }
    mutating func encode(_ value: UInt64) { node.tree = .natural(value) }
    // Too wide for a number of the tree.
    mutating func encode(_ value: Int128) { node.tree = .text(String(value)) }
    mutating func encode(_ value: UInt128) { node.tree = .text(String(value)) }
    mutating func encode<T: Encodable>(_ value: T) throws {
      try value.encode(to: TaggedEncoder(node: node, codingPath: codingPath))
    }
  }

  struct Elements: UnkeyedEncodingContainer {
    let node: Node
    let codingPath: [any CodingKey]
    var count: Int { node.list.count }

    private func next() -> TaggedEncoder {
      let child = Node()
      node.list.append(child)
      return TaggedEncoder(node: child, codingPath: codingPath)
    }

    mutating func encodeNil() { _ = next() }
    mutating func encode<T: Encodable>(_ value: T) throws { try value.encode(to: next()) }
    // `Codable` refuses these two where a container does not name them, here and below.
    mutating func encode(_ value: Int128) throws { try value.encode(to: next()) }
    mutating func encode(_ value: UInt128) throws { try value.encode(to: next()) }
    mutating func nestedContainer<Field: CodingKey>(
      keyedBy type: Field.Type
    ) -> KeyedEncodingContainer<Field> {
      next().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
      next().unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { next() }
  }

  struct Fields<Field: CodingKey>: KeyedEncodingContainerProtocol {
    let node: Node
    let codingPath: [any CodingKey]

    private func child(_ name: String) -> TaggedEncoder {
      let child = Node()
      node.fields.append((name, child))
      return TaggedEncoder(node: child, codingPath: codingPath)
    }

    mutating func encodeNil(forKey key: Field) { _ = child(key.stringValue) }
    mutating func encode<T: Encodable>(_ value: T, forKey key: Field) throws {
      try value.encode(to: child(key.stringValue))
    }
    mutating func encode(_ value: Int128, forKey key: Field) throws {
      try value.encode(to: child(key.stringValue))
    }
    mutating func encode(_ value: UInt128, forKey key: Field) throws {
      try value.encode(to: child(key.stringValue))
    }
    mutating func nestedContainer<Inner: CodingKey>(
      keyedBy type: Inner.Type, forKey key: Field
    ) -> KeyedEncodingContainer<Inner> {
      child(key.stringValue).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer(forKey key: Field) -> any UnkeyedEncodingContainer {
      child(key.stringValue).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { child("super") }
    mutating func superEncoder(forKey key: Field) -> any Encoder { child(key.stringValue) }
  }
}
