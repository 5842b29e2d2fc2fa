// SPDX-License-Identifier: Apache-2.0
import TOMLKit

/// What a file of settings says: which path of keys has which value, and on which line.
///
/// The library tells where an error is, but not where a value is. So a file that is right as a
/// whole is read a second time, statement by statement: a statement is the least number of lines
/// that is right by itself. The library never frees what it has read, which is why each is read
/// once and files are small.
struct SettingsFile {
  struct Entry {
    /// The keys from the root to the value. A key may hold any text, also a dot.
    let path: [String]
    /// Nil for a section that is opened, `[node]`, and for a table without anything inside.
    let value: WrittenValue?
    /// From 1.
    let line: Int
  }

  /// Why a file cannot be read at all; the line and column where it is about one.
  struct Failure: Error {
    let message: String
    var line: Int?
    var column: Int?
  }

  static let bytesMaximum = 64 << 10

  let entries: [Entry]

  init(_ bytes: [UInt8]) throws(Failure) {
    // The library would take a zero byte for the end of the file.
    if let place = bytes.firstIndex(of: 0) {
      throw Failure(message: "a zero byte is no text", line: Self.line(of: place, in: bytes))
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(message: "this is not UTF-8")
    }
    do { _ = try TOMLTable(string: text) } catch let error as TOMLParseError {
      let place = error.source.begin
      throw Failure(message: error.description, line: place.line, column: place.column)
    } catch { throw Failure(message: "\(error)") }
    entries = Self.entries(bytes)
  }

  private static func line(of place: Int, in bytes: [UInt8]) -> Int {
    bytes[..<place].count { $0 == 0x0A } + 1
  }

  private static func entries(_ bytes: [UInt8]) -> [Entry] {
    var found: [Entry] = []
    var section: [String] = []
    var statement: ArraySlice<UInt8> = []
    var begin = 1
    let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      if statement.isEmpty {
        let first = line.first { $0 > 0x20 }
        if first == nil || first == 0x23 { continue }
        begin = index + 1
      }
      statement += line + [0x0A]
      guard let table = try? TOMLTable(string: String(decoding: statement, as: UTF8.self)) else {
        continue
      }
      if isHeader(statement) {
        section = deepest(table)
        found.append(Entry(path: section, value: nil, line: begin))
      } else {
        append(table, section, begin, to: &found)
      }
      statement = []
    }
    return found
  }

  private static func isHeader(_ statement: ArraySlice<UInt8>) -> Bool {
    // A file may begin with the mark of UTF-8.
    let text = statement.starts(with: [0xEF, 0xBB, 0xBF]) ? statement.dropFirst(3) : statement
    return text.first { $0 > 0x20 } == UInt8(ascii: "[")
  }

  /// The path that `[a.b]` opens, or `[[a.b]]`.
  private static func deepest(_ table: TOMLTable) -> [String] {
    guard let key = table.keys.first else { return [] }
    return [key] + (table[key]?.table.map(deepest) ?? [])
  }

  /// All values of a table, whatever tables they are in.
  private static func append(
    _ table: TOMLTable, _ path: [String], _ line: Int, to found: inout [Entry]
  ) {
    for key in table.keys {
      let inner = path + [key]
      if let table = table[key]?.table {
        if table.isEmpty { found.append(Entry(path: inner, value: nil, line: line)) }
        append(table, inner, line, to: &found)
      } else {
        found.append(Entry(path: inner, value: written(table[key]), line: line))
      }
    }
  }

  private static func written(_ value: (any TOMLValueConvertible)?) -> WrittenValue {
    // A key with a zero byte in it is not found again.
    guard let value else { return .other("value without a key") }
    if let text = value.string { return .text(text) }
    if let number = value.int { return .integer(number) }
    if let truth = value.bool { return .bool(truth) }
    guard let array = value.array else { return .other(value.type.description) }
    return .list((0..<array.count).map { written(array[$0]) })
  }
}
