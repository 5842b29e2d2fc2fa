// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Rows of separated text, as RFC 4180 describes it: fields in quotes may hold separators, line
/// ends and, doubled, quotes. Rows end with LF or CR LF, the last one perhaps with nothing; empty
/// lines are no rows, and a byte order mark is dropped. All rows of a file have the same number of
/// fields: another number, or a quote that is never closed, is an error with file and line.
///
/// `paths` are read as by `lines`. A line end inside of quotes makes it necessary to look at a
/// large file once before it is cut into splits: where no field holds one,
/// `quotedNewlines: false` saves that, and a quote that does not begin a field is then a byte like
/// any other.
extension Source where T == Row {
  /// The rows of files with comma-separated values. `header`: the first row of each file names its
  /// columns.
  public static func csv(
    _ paths: [String], header: Bool = true, delimiter: Unicode.Scalar = ",",
    quotedNewlines: Bool = true
  ) -> Source<Row> {
    rows(paths, CSVFormat(delimiter, header, quotedNewlines), "csv")
  }

  /// The rows of one file, glob, directory or, as `-`, standard input.
  public static func csv(
    _ path: String, header: Bool = true, delimiter: Unicode.Scalar = ",",
    quotedNewlines: Bool = true
  ) -> Source<Row> {
    csv([path], header: header, delimiter: delimiter, quotedNewlines: quotedNewlines)
  }

  /// The rows of files with values between tabs.
  public static func tsv(
    _ paths: [String], header: Bool = true, quotedNewlines: Bool = true
  ) -> Source<Row> {
    rows(paths, CSVFormat("\t", header, quotedNewlines), "tsv")
  }

  /// The rows of one file, glob, directory or, as `-`, standard input, with values between tabs.
  public static func tsv(
    _ path: String, header: Bool = true, quotedNewlines: Bool = true
  ) -> Source<Row> {
    tsv([path], header: header, quotedNewlines: quotedNewlines)
  }
}

/// The same with a value for each row: its properties are found by the names of the columns or,
/// without a header, by their order. An empty field is nil where the property is optional; so is a
/// column that is not there.
extension Source where T: Decodable & SendableMetatype {
  /// Values from the rows of files with comma-separated values.
  public static func csv(
    _ paths: [String], as type: T.Type, header: Bool = true, delimiter: Unicode.Scalar = ",",
    quotedNewlines: Bool = true
  ) -> Source<T> {
    decoded(paths, CSVFormat(delimiter, header, quotedNewlines), "csv")
  }

  /// Values from the rows of one file, glob, directory or, as `-`, standard input.
  public static func csv(
    _ path: String, as type: T.Type, header: Bool = true, delimiter: Unicode.Scalar = ",",
    quotedNewlines: Bool = true
  ) -> Source<T> {
    csv([path], as: type, header: header, delimiter: delimiter, quotedNewlines: quotedNewlines)
  }

  /// Values from the rows of files with values between tabs.
  public static func tsv(
    _ paths: [String], as type: T.Type, header: Bool = true, quotedNewlines: Bool = true
  ) -> Source<T> {
    decoded(paths, CSVFormat("\t", header, quotedNewlines), "tsv")
  }

  /// Values from the rows of one file, glob, directory or, as `-`, standard input, with values
  /// between tabs.
  public static func tsv(
    _ path: String, as type: T.Type, header: Bool = true, quotedNewlines: Bool = true
  ) -> Source<T> {
    tsv([path], as: type, header: header, quotedNewlines: quotedNewlines)
  }
}

extension Source where T == Row {
  fileprivate static func rows(
    _ paths: [String], _ format: CSVFormat, _ name: String
  ) -> Source<Row> {
    Source(
      input: .files(paths, .csv(format)),
      feed: { chunk, sink in
        let view = RowView(chunk)
        let batch = Batch<Row>(of: chunk)
        let rows = try forEachRow(chunk, view, keepsRows: { batch.count > 0 }) { start in
          _ = batch.nextPlace { Row(view: view, place: $0) }
          if batch.showPlace(of: start) {
            try batch.handOnPlaces(to: sink, tell: { chunk.tell($0, $1) })
          }
        }
        try batch.handOnPlaces(to: sink, tell: { chunk.tell($0, $1) })
        return rows
      },
      name: name)
  }
}

extension Source where T: Decodable & SendableMetatype {
  fileprivate static func decoded(
    _ paths: [String], _ format: CSVFormat, _ name: String
  ) -> Source<T> {
    Source(
      input: .files(paths, .csv(format)),
      feed: { chunk, sink in
        let view = RowView(chunk)
        let batch = Batch<T>(of: chunk)
        let rows = try forEachRow(chunk, view) { start in
          batch.append(try RowDecoder.decode(T.self, from: view), of: start)
          if batch.isFull { try batch.handOn(to: sink, tell: { chunk.tell($0, $1) }) }
        }
        try batch.handOn(to: sink, tell: { chunk.tell($0, $1) })
        return rows
      },
      name: name)
  }
}

extension CSVFormat {
  fileprivate init(_ delimiter: Unicode.Scalar, _ hasHeader: Bool, _ hasQuotedLineEnds: Bool) {
    let byte = UInt8(exactly: delimiter.value) ?? 0
    precondition(
      RowSyntax.canSeparate(byte), "a delimiter is one ASCII character, and no quote or line end")
    self.init(
      RowSyntax(separator: byte, hasQuotedLineEnds: hasQuotedLineEnds), hasHeader: hasHeader)
  }
}
