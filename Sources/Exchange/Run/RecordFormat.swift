// SPDX-License-Identifier: Apache-2.0
package import Memory

/// How records are shown.
package enum RecordFormat: String, CaseIterable, Sendable {
  /// Key, tab, value, line feed; bytes as they are.
  case lines
  /// RFC 4180 with a header line.
  case csv
  /// One JSON document a line.
  case jsonl

  /// The ending of file names.
  package var fileExtension: String {
    switch self {
    case .lines: "txt"
    case .csv: "csv"
    case .jsonl: "jsonl"
    }
  }
}

/// Shows encoded records as text.
package struct RecordFormatter: Sendable {
  private let format: RecordFormat
  private let schema: ResultSchema
  /// The common forms that need no look at the types for each record.
  private let shortcut: Shortcut

  private enum Shortcut {
    case none
    /// Elements that are their own text.
    case key
    /// Text, tab, a number.
    case keyAndInteger
  }

  package init(_ format: RecordFormat, _ schema: ResultSchema) {
    self.format = format
    self.schema = schema
    let isText = schema.key == .bytes || schema.key == .string
    if format == .lines, isText, schema.shape == .keys {
      shortcut = .key
    } else if format == .lines, isText, schema.shape == .pairs,
      schema.value == .integer(bits: 64, isSigned: true)
    {
      shortcut = .keyAndInteger
    } else {
      shortcut = .none
    }
  }

  /// What stands before the first record: the header of a CSV file.
  package var header: String {
    guard format == .csv else { return "" }
    return schema.shape == .pairs ? "key,value\r\n" : "value\r\n"
  }

  /// Appends one record with its line end.
  package func append(
    key: Bytes, value: Bytes, to buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    switch shortcut {
    case .key:
      buffer.append(key)
      return buffer.append(0x0A as UInt8)
    case .keyAndInteger:
      buffer.append(key)
      buffer.append(0x09 as UInt8)
      var reader = ByteReader(value)
      buffer.appendSignedDecimal(ZigZag.decode(try reader.varint()))
      return buffer.append(0x0A as UInt8)
    case .none: break
    }
    switch format {
    case .lines: try appendLine(key, value, &buffer)
    case .csv: try appendCSV(key, value, &buffer)
    case .jsonl: try appendJSON(key, value, &buffer)
    }
  }

  private func appendLine(
    _ key: Bytes, _ value: Bytes, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    if schema.shape != .values { try appendKeyText(key, &buffer) }
    if schema.shape == .pairs { buffer.append(0x09 as UInt8) }
    if schema.shape != .keys { try appendValueText(value, &buffer) }
    buffer.append(0x0A as UInt8)
  }

  private func appendCSV(
    _ key: Bytes, _ value: Bytes, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    if schema.shape != .values {
      var cell = ByteBuffer(capacity: 64)
      try appendKeyText(key, &cell)
      Self.appendCell(cell.bytes, &buffer)
    }
    if schema.shape == .pairs { buffer.append(0x2C as UInt8) }
    if schema.shape != .keys {
      var cell = ByteBuffer(capacity: 64)
      try appendValueText(value, &cell)
      Self.appendCell(cell.bytes, &buffer)
    }
    buffer.append("\r\n")
  }

  /// A cell is quoted where it holds a comma, a quote, a line end, or white space at an end.
  private static func appendCell(_ cell: Bytes, _ buffer: inout ByteBuffer) {
    var needsQuotes = cell.isEmpty || cell[0] == 0x20 || cell[cell.count - 1] == 0x20
    for byte in cell where byte == 0x2C || byte == 0x22 || byte == 0x0A || byte == 0x0D {
      needsQuotes = true
    }
    guard needsQuotes else { return buffer.append(cell) }
    buffer.append(0x22 as UInt8)
    for byte in cell {
      if byte == 0x22 { buffer.append(byte) }
      buffer.append(byte)
    }
    buffer.append(0x22 as UInt8)
  }

  private func appendJSON(
    _ key: Bytes, _ value: Bytes, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    var keyReader = ByteReader(key)
    var valueReader = ByteReader(value)
    switch schema.shape {
    case .pairs:
      buffer.append("{\"key\":")
      try ValueText.appendKey(
        schema.key, &keyReader, isLast: true, style: .json, to: &buffer)
      buffer.append(",\"value\":")
      try ValueText.appendValue(schema.value, &valueReader, style: .json, to: &buffer)
      buffer.append("}\n")
    case .keys:
      try ValueText.appendKey(
        schema.key, &keyReader, isLast: true, style: .json, to: &buffer)
      buffer.append(0x0A as UInt8)
    case .values:
      try ValueText.appendValue(schema.value, &valueReader, style: .json, to: &buffer)
      buffer.append(0x0A as UInt8)
    }
  }

  private func appendKeyText(
    _ key: Bytes, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    if schema.key == .bytes || schema.key == .string { return buffer.append(key) }
    var reader = ByteReader(key)
    try ValueText.appendKey(schema.key, &reader, isLast: true, style: .plain, to: &buffer)
  }

  private func appendValueText(
    _ value: Bytes, _ buffer: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    var reader = ByteReader(value)
    try ValueText.appendValue(schema.value, &reader, style: .plain, to: &buffer)
  }
}
