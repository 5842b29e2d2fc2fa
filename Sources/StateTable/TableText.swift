// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// The state table as people read it: a line for each column, a column of text for each row.
package struct TableText: Sendable {
  /// Cells shown of a column that has many.
  private static let shownCells = 8

  package let header: TableHeader
  /// The segments that are at hand, by rank.
  private let rows: [(Rank, Segment)]

  package init(header: TableHeader, rows: [(Rank, Segment)]) {
    self.header = header
    self.rows = rows.filter { header.rowOffset + header.schema.rowBytes <= $0.1.byteCount }
  }

  /// The value of a cell in the row of `segment`.
  private func cell(_ column: Column, _ index: Int, _ segment: Segment) -> UInt64 {
    segment.load(header.rowOffset + column.offset + 8 * index)
  }

  /// One record for each column: name, and its cells in each row.
  package var columns: [(name: String, values: [(rank: Rank, cells: [UInt64])])] {
    header.schema.columns.map { column in
      (
        column.name,
        rows.map { rank, segment in
          (rank, (0..<column.count).map { cell(column, $0, segment) })
        }
      )
    }
  }

  /// The table as aligned text.
  package var text: String {
    var lines = [["column"] + rows.map { "rank \($0.0.index)" }]
    for column in columns {
      lines.append(
        [column.name]
          + column.values.map { value in
            let shown = value.cells.prefix(Self.shownCells).map(String.init)
            return shown.joined(separator: " ") + (value.cells.count > shown.count ? " …" : "")
          })
    }
    let widths = (0...rows.count).map { place in lines.map { $0[place].count }.max() ?? 0 }
    return lines.map { line in
      var padded = ""
      for (place, word) in line.enumerated() {
        let padding = String(repeating: " ", count: widths[place] - word.count)
        padded += place == 0 ? word + padding : "  " + padding + word
      }
      return padded + "\n"
    }.joined()
  }
}
