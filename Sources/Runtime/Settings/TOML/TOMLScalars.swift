// SPDX-License-Identifier: Apache-2.0

/// Numbers, truths and dates.
extension TOMLScanner {
  mutating func scalar() throws(SettingsFile.Failure) -> WrittenValue {
    let begin = self
    var word = String(decoding: run(while: Self.isOfScalar), as: UTF8.self)
    // A date and a time may have a blank between them.
    if TOMLClock.isDate(word), next == 0x20, place + 1 < bytes.count,
      (0x30...0x39).contains(bytes[place + 1])
    {
      place += 1
      word += "T" + String(decoding: run(while: Self.isOfScalar), as: UTF8.self)
    }
    guard !word.isEmpty else { throw begin.unexpected("a value") }
    guard let value = Self.value(word) else {
      throw begin.failure("\(word) is no value; text stands in quotes")
    }
    return value
  }

  private static func isOfScalar(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
      || [0x2B, 0x2D, 0x2E, 0x3A, 0x5F].contains(byte)
  }

  private static func value(_ word: String) -> WrittenValue? {
    if word == "true" || word == "false" { return .bool(word == "true") }
    if let number = integer(word) { return .integer(number) }
    if isFloat(word) { return .other("floating-point number") }
    return TOMLClock.type(word).map { .other($0) }
  }

  private static func integer(_ word: String) -> Int? {
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where word.hasPrefix(prefix) {
      let digits = word.dropFirst(2)
      return isGrouped(digits.utf8, isHexadecimal)
        ? Int(digits.filter { $0 != "_" }, radix: radix) : nil
    }
    return isDecimal(word[...]) ? Int(word.filter { $0 != "_" }) : nil
  }

  /// Whether digits stand with at most one `_` between two of them.
  private static func isGrouped(
    _ digits: Substring.UTF8View, _ isDigit: (UInt8) -> Bool
  ) -> Bool {
    digits.split(separator: 0x5F, omittingEmptySubsequences: false)
      .allSatisfy { !$0.isEmpty && $0.allSatisfy(isDigit) }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// A whole number without needless zeros before it.
  private static func isDecimal(_ word: Substring) -> Bool {
    let digits = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word
    return isGrouped(digits.utf8, isDigit) && (digits.utf8.count == 1 || !digits.hasPrefix("0"))
  }

  private static func isFloat(_ word: String) -> Bool {
    let plain = word.hasPrefix("+") || word.hasPrefix("-") ? word.dropFirst() : word[...]
    if plain == "inf" || plain == "nan" { return true }
    let parts = word.split(maxSplits: 1, omittingEmptySubsequences: false) {
      $0 == "e" || $0 == "E"
    }
    if parts.count == 2 {
      let exponent =
        parts[1].hasPrefix("+") || parts[1].hasPrefix("-")
        ? parts[1].dropFirst() : parts[1]
      guard isGrouped(exponent.utf8, isDigit) else { return false }
    }
    let number = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard isDecimal(number[0]), parts.count + number.count > 2 else { return false }
    return number.count == 1 || isGrouped(number[1].utf8, isDigit)
  }
}

/// Dates and times as RFC 3339 writes them. No setting takes one, so that they are only told apart.
enum TOMLClock {
  /// The type of a date, a time or both; nil where the word is none.
  static func type(_ word: String) -> String? {
    if isDate(word) { return "date" }
    if isTime(word[...]) { return "time" }
    let time = word.dropFirst(11)
    guard word.utf8.count > 11, isDate(String(word.prefix(10))),
      word.dropFirst(10).first.map({ $0 == "T" || $0 == "t" }) == true
    else { return nil }
    let local = time.prefix { !"Zz+-".contains($0) }
    return isTime(local) && isOffset(time.dropFirst(local.count)) ? "date-time" : nil
  }

  static func isDate(_ word: String) -> Bool {
    guard let parts = numbers(word[...], "-", [4, 2, 2]) else { return false }
    let isLeap = parts[0] % 4 == 0 && (parts[0] % 100 != 0 || parts[0] % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...12).contains(parts[1]) && (1...days[parts[1] - 1]).contains(parts[2])
  }

  private static func isTime(_ word: Substring) -> Bool {
    let parts = word.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let clock = numbers(parts[0], ":", [2, 2, 2]), clock[0] < 24, clock[1] < 60,
      clock[2] < 60
    else { return false }
    return parts.count == 1
      || (!parts[1].isEmpty && parts[1].utf8.allSatisfy { (0x30...0x39).contains($0) })
  }

  private static func isOffset(_ word: Substring) -> Bool {
    if word.isEmpty || word == "Z" || word == "z" { return true }
    guard let parts = numbers(word.dropFirst(), ":", [2, 2]) else { return false }
    return parts[0] < 24 && parts[1] < 60
  }

  /// Numbers of so many digits, with a mark between them.
  private static func numbers(
    _ word: Substring, _ mark: Character, _ digits: [Int]
  ) -> [Int]? {
    let parts = word.split(separator: mark, omittingEmptySubsequences: false)
    guard parts.map(\.utf8.count) == digits,
      parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
    else { return nil }
    return parts.compactMap { Int($0) }
  }
}
