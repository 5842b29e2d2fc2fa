// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// A column of the state table: the same cells in every row. Each cell has one writer, the row's
/// owner, and never decreases.
package struct Column: Sendable, Hashable {
  package let name: String
  /// Bytes from the start of the row to its first cell.
  package let offset: Int
  /// How many cells it has.
  package let count: Int
}

/// The columns of a row, laid out for readers: columns of one group stand side by side, so that one
/// push carries them; groups stand apart, so that a change in one does not disturb readers of
/// another.
package struct TableSchema: Sendable, Hashable {
  package private(set) var columns: [Column] = []
  /// Bytes of a row: a multiple of two cache lines.
  package private(set) var rowBytes = 0

  package init() {}

  /// Declares columns that are written and read together. Returns them in the order of `names`.
  ///
  /// A group begins on a line of its own and holds `count` cells of each column.
  package mutating func group(_ names: String..., count: Int = 1) -> [Column] {
    precondition(count > 0, "a column has a cell")
    var offset = rowBytes
    var made: [Column] = []
    for name in names {
      precondition(!columns.contains { $0.name == name }, "two columns are called \(name)")
      made.append(Column(name: name, offset: offset, count: count))
      offset += 8 * count
    }
    columns += made
    rowBytes = (offset + Limits.lineBytes - 1) / Limits.lineBytes * Limits.lineBytes
    return made
  }

  /// Asserts what readers rely on: aligned cells, no overlap, whole lines.
  package func check() {
    var end = 0
    for column in columns {
      precondition(column.offset % 8 == 0, "\(column.name) is not aligned")
      precondition(column.offset >= end, "\(column.name) overlaps the column before it")
      end = column.offset + 8 * column.count
    }
    precondition(rowBytes % Limits.lineBytes == 0 && rowBytes >= end, "a row is whole lines")
  }

  /// The columns as text, one line each: name, offset, cells. What an inspector reads.
  package var text: String {
    columns.map { "\($0.name) \($0.offset) \($0.count)\n" }.joined()
  }

  /// The schema that `text` describes; nil where it describes none.
  package init?(text: some StringProtocol) {
    self.init()
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 3, let offset = Int(words[1]), let count = Int(words[2]),
        offset >= 0, offset % 8 == 0, count > 0, count <= 1 << 20, offset <= 1 << 30
      else { return nil }
      columns.append(Column(name: String(words[0]), offset: offset, count: count))
      rowBytes = max(rowBytes, offset + 8 * count)
    }
    rowBytes = (rowBytes + Limits.lineBytes - 1) / Limits.lineBytes * Limits.lineBytes
  }
}
