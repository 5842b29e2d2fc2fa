// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// What the bytes of an input mean.
@usableFromInline package enum FileFormat: Hashable, Sendable {
  /// Lines of any bytes.
  case lines
  /// Rows of fields between separators.
  case csv(CSVFormat)
  /// A JSON document on every line.
  case jsonl
  /// Records of so many bytes, without anything between them.
  case records(bytes: Int)

  /// Where a file of this format may be cut, before anything is known of it.
  package var cutting: Cutting {
    switch self {
    case .lines, .jsonl: .anywhere
    case .csv(let csv): csv.syntax.hasQuotedLineEnds ? .betweenRows : .anywhere
    case .records(let bytes): .every(bytes)
    }
  }

  /// How splits of a format find their borders.
  package enum Cutting: Hashable, Sendable {
    /// At any byte: who reads a split looks for the line that begins in it.
    case anywhere
    /// At multiples of so many bytes.
    case every(Int)
    /// Where a row begins, which the file has to be searched for.
    case betweenRows
  }
}

/// Separated text as an input has it.
@usableFromInline package struct CSVFormat: Hashable, Sendable {
  package let syntax: RowSyntax
  /// Whether a file's first row names its columns.
  package let hasHeader: Bool

  package init(_ syntax: RowSyntax, hasHeader: Bool) {
    self.syntax = syntax
    self.hasHeader = hasHeader
  }
}

extension FileFormat {
  /// The format for people: `CSV`, as in "CSV of orders.csv".
  package var text: String {
    switch self {
    case .lines: "lines"
    case .csv(let csv): csv.syntax.separator == 0x09 ? "TSV" : "CSV"
    case .jsonl: "JSON lines"
    case .records(let bytes): "records of \(bytes.grouped) bytes"
    }
  }

  /// The paths of an input with the format, for programs.
  package func fields(_ paths: [String]) -> [(String, JSON)] {
    let paths = JSON.array(paths.map { .text($0) })
    switch self {
    case .lines: return [("lines", paths)]
    case .csv(let csv):
      let separator = String(decoding: [csv.syntax.separator], as: UTF8.self)
      return [
        ("csv", paths), ("delimiter", .text(separator)), ("header", .bool(csv.hasHeader)),
        ("quoted_newlines", .bool(csv.syntax.hasQuotedLineEnds)),
      ]
    case .jsonl: return [("jsonl", paths)]
    case .records(let bytes): return [("records", paths), ("record_bytes", .integer(bytes))]
    }
  }
}

extension ByteBuffer {
  package mutating func append(_ format: FileFormat) {
    switch format {
    case .lines: append(0 as UInt8)
    case .csv(let csv):
      append(1 as UInt8)
      append(csv.syntax.separator)
      append((csv.hasHeader ? 1 : 0) as UInt8)
      append((csv.syntax.hasQuotedLineEnds ? 1 : 0) as UInt8)
    case .jsonl: append(2 as UInt8)
    case .records(let bytes):
      append(3 as UInt8)
      appendVarint(UInt64(bytes))
    }
  }
}

extension ByteReader {
  package mutating func fileFormat() throws(Damaged) -> FileFormat {
    switch try byte() {
    case 0: return .lines
    case 1:
      let separator = try byte()
      guard RowSyntax.canSeparate(separator) else { throw Damaged() }
      let hasHeader = try byte() == 1
      let syntax = RowSyntax(separator: separator, hasQuotedLineEnds: try byte() == 1)
      return .csv(CSVFormat(syntax, hasHeader: hasHeader))
    case 2: return .jsonl
    case 3:
      let bytes = try number()
      guard bytes > 0 else { throw Damaged() }
      return .records(bytes: bytes)
    default: throw Damaged()
    }
  }
}
