// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Shows encoded keys and values as text.
package enum ValueText {
  /// `plain` shows text without quotes; `json` is always a JSON value. Inside of lists, tuples and
  /// records the two agree.
  package enum Style: Sendable {
    case plain
    case json
  }

  /// Reads one key and appends its text.
  package static func appendKey(
    _ code: TypeCode, _ reader: inout ByteReader, isLast: Bool, style: Style,
    to buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    switch code {
    case .bytes, .string:
      if isLast {
        return appendText(try reader.take(reader.remaining), style, &buffer)
      }
      var text = ByteBuffer(capacity: 64)
      try KeyEncoding.readTerminated(&reader, into: &text)
      appendText(text.bytes, style, &buffer)
    case .bool:
      buffer.append(try reader.byte() == 0 ? "false" : "true")
    case .integer(let bits, let isSigned):
      try appendKeyInteger(bits, isSigned, &reader, &buffer)
    case .double:
      let bits = try reader.bigEndian(UInt64.self)
      appendNumber(KeyEncoding.double(orderedBits: bits), style, &buffer)
    case .tuple(let parts):
      if style == .json { buffer.append(0x5B as UInt8) }
      for (index, part) in parts.enumerated() {
        if index > 0 { buffer.append((style == .json ? 0x2C : 0x09) as UInt8) }
        try appendKey(part, &reader, isLast: false, style: style, to: &buffer)
      }
      if style == .json { buffer.append(0x5D as UInt8) }
    case .nothing: if style == .json { buffer.append("null") }
    case .float, .array, .optional, .tagged: throw ByteReader.Damaged()
    }
  }

  private static func appendKeyInteger(
    _ bits: Int, _ isSigned: Bool, _ reader: inout ByteReader, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    switch (bits, isSigned) {
    case (8, true): buffer.append(String(KeyEncoding.flipped(try reader.bigEndian(Int8.self))))
    case (16, true): buffer.append(String(KeyEncoding.flipped(try reader.bigEndian(Int16.self))))
    case (32, true): buffer.append(String(KeyEncoding.flipped(try reader.bigEndian(Int32.self))))
    case (64, true): buffer.append(String(KeyEncoding.flipped(try reader.bigEndian(Int64.self))))
    case (128, true):
      buffer.append(String(KeyEncoding.flipped(try reader.bigEndian(Int128.self))))
    case (8, false): buffer.append(String(try reader.bigEndian(UInt8.self)))
    case (16, false): buffer.append(String(try reader.bigEndian(UInt16.self)))
    case (32, false): buffer.append(String(try reader.bigEndian(UInt32.self)))
    case (64, false): buffer.append(String(try reader.bigEndian(UInt64.self)))
    case (128, false): buffer.append(String(try reader.bigEndian(UInt128.self)))
    default: throw ByteReader.Damaged()
    }
  }

  /// Reads one value and appends its text.
  package static func appendValue(
    _ code: TypeCode, _ reader: inout ByteReader, style: Style, to buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    switch code {
    case .bytes, .string: appendText(try reader.take(try reader.length()), style, &buffer)
    case .bool: buffer.append(try reader.byte() == 0 ? "false" : "true")
    case .integer(let bits, let isSigned):
      if bits > 64 {
        buffer.append(
          isSigned
            ? String(try reader.littleEndian(Int128.self))
            : String(try reader.littleEndian(UInt128.self)))
        return
      }
      let number = try reader.varint()
      guard isSigned else { return buffer.appendDecimal(number) }
      buffer.appendSignedDecimal(ZigZag.decode(number))
    case .float:
      appendNumber(Float(bitPattern: try reader.littleEndian(UInt32.self)), style, &buffer)
    case .double:
      let bits = try reader.littleEndian(UInt64.self)
      appendNumber(Double(bitPattern: bits), style, &buffer)
    case .tuple(let parts):
      buffer.append(0x5B as UInt8)
      for (index, part) in parts.enumerated() {
        if index > 0 { buffer.append(0x2C as UInt8) }
        try appendValue(part, &reader, style: .json, to: &buffer)
      }
      buffer.append(0x5D as UInt8)
    case .array(let element):
      buffer.append(0x5B as UInt8)
      let count = try reader.varint()
      var index: UInt64 = 0
      while index < count {
        if index > 0 { buffer.append(0x2C as UInt8) }
        try appendValue(element, &reader, style: .json, to: &buffer)
        index += 1
      }
      buffer.append(0x5D as UInt8)
    case .optional(let wrapped):
      if try reader.byte() == 0 {
        buffer.append(style == .json ? "null" : "")
      } else {
        try appendValue(wrapped, &reader, style: style, to: &buffer)
      }
    case .tagged:
      try appendTree(TaggedTree(from: &reader, depth: 0), style, &buffer)
    case .nothing: if style == .json { buffer.append("null") }
    }
  }

  private static func appendText(_ text: Bytes, _ style: Style, _ buffer: inout ByteBuffer) {
    if style == .json { buffer.appendJSONString(text) } else { buffer.append(text) }
  }

  private static func appendNumber(
    _ number: Double, _ style: Style, _ buffer: inout ByteBuffer
  ) {
    if style == .json { buffer.appendJSONNumber(number) } else { buffer.append(number.shortText) }
  }

  private static func appendNumber(_ number: Float, _ style: Style, _ buffer: inout ByteBuffer) {
    if style == .json, !number.isFinite { return buffer.append("null") }
    buffer.append(
      number == number.rounded() && number.magnitude < 1e6
        ? String(Int64(number)) : number.description)
  }

  private static func appendTree(
    _ tree: TaggedTree, _ style: Style, _ buffer: inout ByteBuffer
  ) {
    if style == .plain, case .text(let text) = tree { return buffer.append(text) }
    json(tree).write(to: &buffer)
  }

  private static func json(_ tree: TaggedTree) -> JSON {
    switch tree {
    case .none: .null
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(Int(value))
    case .natural(let value): .natural(value)
    case .double(let value): .number(value)
    case .text(let value): .text(value)
    case .list(let elements): .array(elements.map(json))
    case .record(let fields): .object(fields.map { ($0.0, json($0.1)) })
    }
  }
}
