// SPDX-License-Identifier: Apache-2.0
public import Memory

/// A row of separated text: its fields, in place.
///
/// Like the views that it gives, a row is valid inside of the closure that it was handed to. Fields
/// stand without their quotes; only a field with doubled quotes is copied. A column is asked for by
/// its number, from 0, or by its name in the file's header, so that files may have their columns in
/// different orders. Names are found at once where each row is asked for the same ones in the same
/// order.
public struct Row {
  let view: RowView
  /// Which one of the rows in view.
  let place: Int

  /// How many fields there are: in all rows of a file the same number.
  public var count: Int { view.head.width }

  /// The row as it stands in the file, without its line end.
  public var bytes: Bytes { view.scanner.value.rows[place] }

  /// The field in a column, counted from 0.
  public subscript(column: Int) -> Bytes {
    get throws { try view.field(column, place) }
  }

  /// The field in a column with this name.
  public subscript(name: String) -> Bytes {
    get throws { try self[try view.column(name)] }
  }
}

extension Row {
  /// The whole number in a column, counted from 0.
  public func int(_ column: Int) throws -> Int {
    let field = try self[column]
    if let number = field.shortNumber { return number }
    guard let number = Int(field) else { throw view.head.mistyped(column, field, Int.self) }
    return number
  }

  /// The whole number in a column with this name.
  public func int(_ name: String) throws -> Int { try int(try view.column(name)) }

  /// The number in a column, counted from 0.
  public func double(_ column: Int) throws -> Double {
    let field = try self[column]
    guard let number = Double(field) else { throw view.head.mistyped(column, field, Double.self) }
    return number
  }

  /// The number in a column with this name.
  public func double(_ name: String) throws -> Double { try double(try view.column(name)) }

  /// The text in a column, counted from 0.
  public func string(_ column: Int) throws -> String { String(try self[column]) }

  /// The text in a column with this name.
  public func string(_ name: String) throws -> String { try string(try view.column(name)) }
}

/// The rows of a chunk that are worked on; used by one thread.
final class RowView {
  let head: TableHead
  let scanner: HeapCell<RowScanner>
  private let finder = HeapCell(ColumnFinder())
  /// The fields of a typed row by their place, where there are no names.
  let positions = HeapCell(FieldPositions())
  /// The container that typed rows are decoded with: one for all of them.
  let container = HeapCell(KeptValue())
  /// Whether no row can be found behind this one.
  private(set) var isLost = false

  init(_ bytes: Bytes, _ head: TableHead) {
    self.head = head
    scanner = HeapCell(RowScanner(bytes, head.format.syntax))
  }

  /// Goes to the next row; false where there is none. It comes behind those that are kept, or in
  /// their place.
  func findNext(keepsRows: Bool) throws -> Bool {
    do {
      guard try scanner.value.findNext(keepsRows: keepsRows) else { return false }
    } catch {
      isLost = error.kind == .openQuote
      throw error.jobError(named: head)
    }
    let count = scanner.value.fieldCount
    guard count == head.width else { throw head.ragged(count) }
    return true
  }

  /// The field in a column of the row in this place.
  func field(_ column: Int, _ place: Int = 0) throws -> Bytes {
    guard column >= 0, column < head.width else {
      throw JobError(
        .badInput, "\(head.path) has no column \(column + 1): it has \(head.width)",
        advice: "columns are counted from 0 in a job")
    }
    return scanner.value.fields[place &* head.width &+ column]
  }

  func column(_ name: String) throws -> Int {
    if let column = try finder.value.column(name, head) { return column }
    return try head.column(name)
  }

  /// The column with this name; nil where there is none.
  func optionalColumn(_ name: String) throws -> Int? { try finder.value.column(name, head) }
}

/// Finds columns by their names. A name is mostly asked for behind the same one as before.
private struct ColumnFinder {
  private struct Asked {
    let name: String
    let column: Int?
    /// Which one was asked for behind it.
    var next = 0
  }
  private var asked: [Asked] = []
  private var last = 0

  /// Nil where no column has this name.
  mutating func column(_ name: String, _ head: TableHead) throws -> Int? {
    if last < asked.count {
      let next = asked[last].next
      if asked[next].name == name {
        last = next
        return asked[next].column
      }
    }
    return try search(name, head)
  }

  private mutating func search(_ name: String, _ head: TableHead) throws -> Int? {
    let place: Int
    if let known = asked.firstIndex(where: { $0.name == name }) {
      place = known
    } else {
      let column = head.names.contains(name) ? try head.column(name) : nil
      place = asked.count
      asked.append(Asked(name: name, column: column))
    }
    asked[last].next = place
    last = place
    return asked[place].column
  }
}

/// Calls `body` for each row of a chunk, and with where it begins; returns how many there were.
/// `keepsRows`: whether the next row comes behind those in view, or in their place.
func forEachRow(
  _ chunk: Chunk, _ view: RowView, keepsRows: () -> Bool = { false },
  _ body: (_ start: Int) throws -> Void
) throws -> Int {
  // It holds the view in turn.
  defer { view.container.value.removeAll() }
  var rows = 0
  while true {
    LineNote.begin(view.scanner.value.next)
    var record: FailedRecord {
      FailedRecord(offset: view.scanner.value.start, view.scanner.value.row)
    }
    do {
      guard try view.findNext(keepsRows: keepsRows()) else { return rows }
      try body(view.scanner.value.start)
    } catch {
      // Where a quote stays open, nobody knows where the next row begins.
      try failed(error, record, view.isLost ? nil : chunk.catchers)
    }
    rows &+= 1
    try chunk.catchers?.endRecord(record)
  }
}

extension RowView {
  convenience init(_ chunk: Chunk) {
    guard case .rows(let bytes, let head) = chunk.content else {
      preconditionFailure("rows are read")
    }
    self.init(bytes, head)
  }
}
