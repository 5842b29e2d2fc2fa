// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// What the first row of a file says of all of its rows.
@usableFromInline final class TableHead: Sendable {
  let path: String
  let format: CSVFormat
  /// The names of the columns; none where the file has no header.
  let names: [String]
  /// How many fields every row has.
  let width: Int
  /// Where the first row of data begins: behind a byte order mark and a header.
  let dataStart: Int
  /// Line ends before that.
  let lineEnds: Int

  /// Reads the first row at the beginning of a file; nil where more of it is wanted. `isWhole`:
  /// there is no more.
  init?(path: String, _ format: CSVFormat, _ bytes: Bytes, isWhole: Bool) throws {
    let hasMark = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF
    let mark = hasMark ? 3 : 0
    var scanner = RowScanner(bytes[mark..<bytes.count], format.syntax)
    var isFound = false
    do {
      isFound = try scanner.findNext()
    } catch {
      guard isWhole || mark + scanner.next < bytes.count else { return nil }
      throw RecordFailure(error.jobError(named: nil), offset: scanner.start, record: scanner.row)
        .jobError(ChunkPlace(path: path, offset: mark))
    }
    guard isWhole || mark + scanner.next < bytes.count else { return nil }
    var names: [String] = []
    if isFound, format.hasHeader {
      for index in 0..<scanner.fields.count { names.append(String(scanner.fields[index])) }
    }
    self.path = path
    self.format = format
    self.names = names
    width = isFound ? scanner.fields.count : 0
    dataStart = mark + (format.hasHeader ? scanner.next : 0)
    lineEnds = bytes[0..<dataStart].count { $0 == 0x0A }
  }

  /// `column 3 (age)`.
  func name(of column: Int) -> String {
    "column \(column + 1)" + (names.indices.contains(column) ? " (\(names[column]))" : "")
  }

  /// The place of a column; an error where there is none, or more than one, with this name.
  func column(_ name: String) throws -> Int {
    guard let column = names.firstIndex(of: name) else {
      let known =
        format.hasHeader ? names.joined(separator: ", ") : "none, because it has no header"
      throw JobError(
        .badInput, "\(path) has no column named \(name)", advice: "its columns are: \(known)")
    }
    guard !names[(column + 1)...].contains(name) else {
      throw JobError(
        .badInput, "\(path) has more than one column named \(name)",
        advice: "ask for it by its number")
    }
    return column
  }

  /// The first rows of a chunk: enough for a sample.
  func firstRows(of bytes: Bytes) -> Bytes {
    var scanner = RowScanner(bytes, format.syntax)
    while scanner.next < Limits.sampleBytes {
      // What is wrong is told by who maps the rows.
      guard let isFound = try? scanner.findNext(), isFound else { return bytes }
    }
    return bytes[0..<scanner.next]
  }
}

extension TableHead {
  func ragged(_ count: Int) -> JobError {
    let first =
      count < width
      ? "\(name(of: count)) is missing" : "there is nothing that names column \(width + 1)"
    let source = format.hasHeader ? "the header" : "the first row"
    return JobError(
      .badInput, "a row has \(count) fields, and \(source) has \(width): \(first)",
      advice: "check delimiter and quotes of \(path)")
  }

  func mistyped(_ column: Int, _ text: Bytes, _ type: Any.Type) -> JobError {
    let found = text.isEmpty ? "is empty" : "holds \"\(text.shown)\""
    return JobError(.badInput, "\(name(of: column)) \(found), which is no \(type)")
  }
}

extension RowProblem {
  /// The error that tells it; `head` knows the columns' names.
  func jobError(named head: TableHead?) -> JobError {
    let column = head?.name(of: field) ?? "column \(field + 1)"
    let message =
      switch kind {
      case .openQuote: "the quote that begins \(column) is never closed"
      case .strayQuote: "a quote stands inside of \(column), which does not begin with one"
      case .textBehindQuote: "text stands behind the closing quote of \(column)"
      }
    return JobError(
      .badInput, message,
      advice: "double a quote that is meant (\"\"); where no field holds a line end, say "
        + "quotedNewlines: false")
  }
}

extension Bytes {
  /// The beginning, on one line, for an error.
  var shown: String {
    let head = self[0..<Swift.min(count, Limits.shownRecordBytes)]
    var text = ""
    for scalar in String(head).unicodeScalars {
      switch scalar {
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + (head.count < count ? "…" : "")
  }
}
