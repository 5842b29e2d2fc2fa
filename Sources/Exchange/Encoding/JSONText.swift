// SPDX-License-Identifier: Apache-2.0
package import Memory

extension ByteBuffer {
  /// Appends a JSON string; what is not UTF-8 becomes U+FFFD, because JSON is UTF-8.
  package mutating func appendJSONString(_ bytes: Bytes) {
    append(0x22 as UInt8)
    var start = 0
    var index = 0
    var isPlain = true
    while index < bytes.count {
      let byte = bytes[index]
      if byte < 0x20 || byte == 0x22 || byte == 0x5C || byte >= 0x80 {
        if byte >= 0x80 {
          isPlain = false
          break
        }
        append(bytes[start..<index])
        appendEscaped(byte)
        start = index + 1
      }
      index += 1
    }
    if isPlain {
      append(bytes[start..<bytes.count])
    } else {
      appendRepaired(bytes[start..<bytes.count])
    }
    append(0x22 as UInt8)
  }

  package mutating func appendJSONString(_ text: String) {
    var text = text
    text.withUTF8Bytes { appendJSONString($0) }
  }

  /// Text with bytes beyond ASCII: decoded, so that what is not UTF-8 is replaced.
  private mutating func appendRepaired(_ bytes: Bytes) {
    var text = String(bytes)
    text.withUTF8Bytes { utf8 in
      for byte in utf8 {
        if byte < 0x20 || byte == 0x22 || byte == 0x5C { appendEscaped(byte) } else { append(byte) }
      }
    }
  }

  private mutating func appendEscaped(_ byte: UInt8) {
    switch byte {
    case 0x22: append("\\\"")
    case 0x5C: append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    default:
      append("\\u00")
      let digits = Array("0123456789abcdef".utf8)
      append(digits[Int(byte >> 4)])
      append(digits[Int(byte & 15)])
    }
  }

  /// Appends a number as JSON has it: `null` for NaN and infinities.
  package mutating func appendJSONNumber(_ number: Double) {
    if number.isFinite { append(number.shortText) } else { append("null") }
  }
}

extension Double {
  /// The shortest decimal that reads back as this number; whole numbers without a fraction.
  package var shortText: String {
    if self == rounded(), magnitude < 1e15 { return String(Int64(self)) }
    return description
  }
}

/// A JSON value for small documents: summaries, plans, manifests. Fields keep their order.
package indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case natural(UInt64)
  case number(Double)
  case text(String)
  case array([JSON])
  case object([(String, JSON)])

  /// The document on one line.
  package var line: String {
    var buffer = ByteBuffer(capacity: 1024)
    write(to: &buffer)
    return String(buffer.bytes)
  }

  package func write(to buffer: inout ByteBuffer) {
    switch self {
    case .null: buffer.append("null")
    case .bool(let value): buffer.append(value ? "true" : "false")
    case .integer(let value): buffer.append(String(value))
    case .natural(let value): buffer.appendDecimal(value)
    case .number(let value): buffer.appendJSONNumber(value)
    case .text(let value): buffer.appendJSONString(value)
    case .array(let elements):
      buffer.append(0x5B as UInt8)
      for (index, element) in elements.enumerated() {
        if index > 0 { buffer.append(0x2C as UInt8) }
        element.write(to: &buffer)
      }
      buffer.append(0x5D as UInt8)
    case .object(let fields):
      buffer.append(0x7B as UInt8)
      for (index, field) in fields.enumerated() {
        if index > 0 { buffer.append(0x2C as UInt8) }
        buffer.appendJSONString(field.0)
        buffer.append(0x3A as UInt8)
        field.1.write(to: &buffer)
      }
      buffer.append(0x7D as UInt8)
    }
  }
}
