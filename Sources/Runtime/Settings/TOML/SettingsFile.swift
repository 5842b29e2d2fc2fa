// SPDX-License-Identifier: Apache-2.0

/// What a file of settings says: which path of keys has which value, and on which line.
///
/// The whole of TOML 1.0 is read, so that nothing surprises who knows it; what no setting takes
/// (dates, floating-point numbers) is checked, and kept by the name of its type alone.
struct SettingsFile {
  struct Entry {
    /// The keys from the root to the value. A key may hold any text, also a dot.
    let path: [String]
    /// Nil for a section that is opened, `[node]`, and for a table without anything inside.
    let value: WrittenValue?
    /// From 1.
    let line: Int
  }

  /// Why a file cannot be read: what is wrong, and where it first is.
  struct Failure: Error {
    let message: String
    let line: Int
    let column: Int
  }

  static let bytesMaximum = 64 << 10

  let entries: [Entry]

  init(_ bytes: [UInt8]) throws(Failure) {
    var scanner = TOMLScanner(bytes)
    if let wrong = Self.firstWrong(bytes) {
      scanner.place = wrong
      throw scanner.failure("this is not UTF-8")
    }
    var document = TOMLDocument(scanner)
    try document.read()
    entries = document.entries
  }

  /// The first byte that is not of a character in UTF-8.
  private static func firstWrong(_ bytes: [UInt8]) -> Int? {
    var place = 0
    var rest = bytes.makeIterator()
    var parser = Unicode.UTF8.ForwardParser()
    while true {
      switch parser.parseScalar(from: &rest) {
      case .valid(let character): place += character.count
      case .error: return place
      case .emptyInput: return nil
      }
    }
  }
}
