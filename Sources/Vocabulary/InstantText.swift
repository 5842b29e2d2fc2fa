// SPDX-License-Identifier: Apache-2.0

extension Instant {
  /// As people write instants: `2026-11-23T10:14:03.220519Z` (RFC 3339, in UTC).
  package var text: String {
    let seconds = Int(microseconds / 1_000_000)
    let (year, month, day) = Self.date(seconds / 86_400)
    let rest = seconds % 86_400
    func digits(_ number: Int, _ count: Int) -> String {
      let text = String(number)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))"
      + "T\(digits(rest / 3600, 2)):\(digits(rest / 60 % 60, 2)):\(digits(rest % 60, 2))"
      + ".\(digits(Int(microseconds % 1_000_000), 6))Z"
  }

  /// Reads `text`; the fraction may be shorter or left out. Nil for what is no instant since 1970
  /// in UTC.
  package init?(text: String) {
    var rest = Array(text.utf8)[...]
    func number(_ count: Int, upTo most: Int) -> Int? {
      guard rest.count >= count else { return nil }
      var value = 0
      for byte in rest.prefix(count) {
        guard (48...57).contains(byte) else { return nil }
        value = value * 10 + Int(byte) - 48
      }
      rest = rest.dropFirst(count)
      return value <= most ? value : nil
    }
    func mark(_ character: Character) -> Bool {
      guard rest.first == character.asciiValue else { return false }
      rest = rest.dropFirst()
      return true
    }
    guard let year = number(4, upTo: 9999), year >= 1970, mark("-"),
      let month = number(2, upTo: 12), mark("-"), let day = number(2, upTo: 31), mark("T"),
      let hour = number(2, upTo: 23), mark(":"), let minute = number(2, upTo: 59), mark(":"),
      let second = number(2, upTo: 59)
    else { return nil }
    let days = Self.days(year, month, day)
    guard Self.date(days) == (year, month, day) else { return nil }
    var fraction = 0
    if mark(".") {
      let count = min(6, rest.prefix { (48...57).contains($0) }.count)
      guard count > 0, let value = number(count, upTo: 999_999) else { return nil }
      fraction = (count..<6).reduce(value) { value, _ in value * 10 }
    }
    guard mark("Z"), rest.isEmpty else { return nil }
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
    self.init(microseconds: UInt64(seconds * 1_000_000 + fraction))
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && year % 100 != 0 || year % 400 == 0
  }

  private static func lengths(_ year: Int) -> [Int] {
    [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  }

  /// Days before a year since 1970.
  private static func days(before year: Int) -> Int {
    let past = year - 1
    func leaps(_ year: Int) -> Int { year / 4 - year / 100 + year / 400 }
    return (year - 1970) * 365 + leaps(past) - leaps(1969)
  }

  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    days(before: year) + lengths(year).prefix(max(0, month - 1)).reduce(0, +) + day - 1
  }

  /// The date of a day, counted from 1970-01-01.
  private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
    var year = 1970 + days / 366
    while self.days(before: year + 1) <= days { year += 1 }
    var rest = days - self.days(before: year)
    var month = 1
    for length in lengths(year) {
      guard rest >= length else { break }
      rest -= length
      month += 1
    }
    return (year, month, rest + 1)
  }
}
