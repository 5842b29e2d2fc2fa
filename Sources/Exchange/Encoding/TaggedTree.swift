// SPDX-License-Identifier: Apache-2.0
package import Memory

/// A value that describes itself; see `Tag` for its bytes.
package indirect enum TaggedTree: Sendable {
  case none
  case bool(Bool)
  case integer(Int64)
  case natural(UInt64)
  case double(Double)
  case text(String)
  case list([TaggedTree])
  case record([(String, TaggedTree)])

  /// How deep a tree may be: damaged bytes must not exhaust the stack.
  private static let depthMaximum = 200

  package func write(to buffer: inout ByteBuffer) {
    switch self {
    case .none: buffer.append(Tag.none.rawValue)
    case .bool(let value): buffer.append((value ? Tag.yes : Tag.no).rawValue)
    case .integer(let value):
      buffer.append(Tag.integer.rawValue)
      buffer.appendVarint(ZigZag.encode(value))
    case .natural(let value):
      buffer.append(Tag.natural.rawValue)
      buffer.appendVarint(value)
    case .double(let value):
      buffer.append(Tag.double.rawValue)
      buffer.appendLittleEndian(value.bitPattern)
    case .text(let value):
      buffer.append(Tag.text.rawValue)
      Self.writeText(value, to: &buffer)
    case .list(let elements):
      buffer.append(Tag.list.rawValue)
      buffer.appendVarint(UInt64(elements.count))
      for element in elements { element.write(to: &buffer) }
    case .record(let fields):
      buffer.append(Tag.record.rawValue)
      buffer.appendVarint(UInt64(fields.count))
      for (name, value) in fields {
        Self.writeText(name, to: &buffer)
        value.write(to: &buffer)
      }
    }
  }

  private static func writeText(_ text: String, to buffer: inout ByteBuffer) {
    buffer.appendVarint(UInt64(text.utf8.count))
    buffer.append(text)
  }

  package init(from reader: inout ByteReader, depth: Int) throws(ByteReader.Damaged) {
    guard depth < Self.depthMaximum, let tag = Tag(rawValue: try reader.byte()) else {
      throw ByteReader.Damaged()
    }
    switch tag {
    case .none: self = .none
    case .no: self = .bool(false)
    case .yes: self = .bool(true)
    case .integer: self = .integer(ZigZag.decode(try reader.varint()))
    case .natural: self = .natural(try reader.varint())
    case .double: self = .double(Double(bitPattern: try reader.littleEndian(UInt64.self)))
    case .text: self = .text(String(try reader.take(try reader.length())))
    case .list:
      var elements: [TaggedTree] = []
      for _ in 0..<(try reader.length()) {
        elements.append(try TaggedTree(from: &reader, depth: depth + 1))
      }
      self = .list(elements)
    case .record:
      var fields: [(String, TaggedTree)] = []
      for _ in 0..<(try reader.length()) {
        let name = String(try reader.take(try reader.length()))
        fields.append((name, try TaggedTree(from: &reader, depth: depth + 1)))
      }
      self = .record(fields)
    }
  }
}
