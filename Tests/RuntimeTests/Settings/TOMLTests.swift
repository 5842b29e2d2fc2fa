// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite("What TOML allows")
struct TOMLTests {
  private func value(_ text: String) -> String? {
    let file = try? SettingsFile(Array("x = \(text)\n".utf8))
    guard let file, file.entries.count == 1 else { return nil }
    return file.entries.first?.value?.shown
  }

  @Test(
    "Whole numbers",
    arguments: [
      ("0", 0), ("+1", 1), ("-17", -17), ("-0", 0), ("1_000", 1000), ("0xDEAD_beef", 0xDEAD_BEEF),
      ("0o755", 493), ("0b1101", 13), ("9223372036854775807", Int.max),
      ("-9223372036854775808", Int.min),
    ])
  func integers(_ text: String, _ number: Int) { #expect(value(text) == "the integer \(number)") }

  @Test(
    "Text",
    arguments: [
      ("\"\"", ""), ("''", ""), ("\"a\\tb\\\"\\\\\"", "a\tb\"\\"), ("'a\\tb\"'", "a\\tb\""),
      ("\"\\u00E9\\U0001F600\"", "é😀"), ("\"é\"", "é"), ("\"\"\"\"\"\"", ""),
      ("\"\"\"\na\n\"b\"\n\"\"\"", "a\n\"b\"\n"), ("\"\"\"a\\\n\n   b\"\"\"", "ab"),
      ("\"\"\"a\"\"\"\"\"", "a\"\""), ("'''\n'a''\\'''", "'a''\\"), ("'''''a'''''", "''a''"),
    ])
  func texts(_ text: String, _ meant: String) {
    #expect(value(text) == WrittenValue.text(meant).shown)
  }

  @Test(
    "What no setting takes, by the name of its type",
    arguments: [
      ("1.0", "floating-point number"), ("-0.1e+1_0", "floating-point number"),
      ("3E05", "floating-point number"), ("+inf", "floating-point number"),
      ("nan", "floating-point number"), ("1979-05-27", "date"), ("2024-02-29", "date"),
      ("07:32:00", "time"), ("23:59:59.999", "time"), ("1979-05-27T07:32:00", "date-time"),
      ("1979-05-27 07:32:00Z", "date-time"), ("1979-05-27t07:32:00.5-08:00", "date-time"),
    ])
  func others(_ text: String, _ type: String) { #expect(value(text) == "a \(type)") }

  @Test(
    "What is no value",
    arguments: [
      "", "#", "word", "True", "01", "-01", "1__0", "_1", "1_", "0x", "0xG", "+0x1", "0x_1", "--1",
      "9223372036854775808", "1.", ".1", "1.e1", "1e", "1._0", "01.0", "Inf", "1e1.0", "1979-5-27",
      "2023-02-29", "1979-13-01", "1979-05-00", "24:00:00", "07:60:00", "07:32", "07:32:00.",
      "1979-05-27T", "1979-05-27T07:32:00+24:00", "1979-05-27  07:32:00", "\"", "\"a", "'a",
      "\"a\nb\"", "\"\\x41\"", "\"\\uD800\"", "\"\\u12\"", "\"\\U00110000\"", "\"\u{7}\"",
      "'\u{7F}'",
      "\"\"\"a", "\"\"\"a\"\"\"\"\"\"", "'''a", "[", "[1", "[1,,2]", "[,]", "[1 2]", "[1}", "{",
      "{a}",
      "{a=1", "{a=1,}", "{a=1,\nb=2}", "{a=1 b=2}", "{a=1,a=2}", "1 2", "\"a\" \"b\"", "1]",
    ])
  func wrong(_ text: String) { #expect(throws: SettingsFile.Failure.self) { try file(text) } }

  private func file(_ value: String) throws -> SettingsFile {
    try SettingsFile(Array("x = \(value)\n".utf8))
  }

  @Test(
    "A name is used once, and for one thing",
    arguments: [
      "a = 1\na = 2", "a = 1\n\"a\" = 2", "[a]\n[a]", "a = 1\n[a]", "a = 1\n[a.b]",
      "a.b = 1\na = 2",
      "a = 1\na.b = 2", "a.b = 1\n[a]", "[a]\nb.c = 1\n[a.b]", "[a.b]\n[a]\nb = 1", "[[a]]\n[a]",
      "[a]\n[[a]]", "[a.b]\n[[a]]", "a = []\n[[a]]", "a = {}\n[a.b]", "a = {b = 1}\na.c = 2",
      "[a.b]\nc = 1\n[a]\nb.d = 2", "[[a]]\nb = 1\nb = 2",
    ])
  func taken(_ text: String) {
    let failure = #expect(throws: SettingsFile.Failure.self) {
      try SettingsFile(Array(text.utf8))
    }
    #expect(failure?.message.contains("taken already") == true)
  }

  @Test(
    "A name may be added to",
    arguments: [
      "a.b = 1\na.c = 2", "[a.b]\n[a]\nc = 1", "[a]\n[a.b]", "[a]\nb.c = 1\n[a.b.d]\nx = 1",
      "[[a]]\nb = 1\n[[a]]\nb = 2", "[[a]]\n[a.b]\n[[a]]\n[a.b]", "a.b = 1\n[a.c]",
      "[ a . \"b\" ]\n'c d' . e = 1", "a = [{x = 1}, {x = 2}]", "a = [1, # c\n\n2,]",
    ])
  func added(_ text: String) { #expect(throws: Never.self) { try SettingsFile(Array(text.utf8)) } }

  @Test(
    "Sections and keys that are written wrongly",
    arguments: [
      "[a", "[]", "[=a]", "[a]b = 1", "[[a]", "[[[a]]]", "[a.]", "[.a]", "= 1", "a", "a =",
      "a. = 1",
      "a b = 1", "é = 1", "\"\"\"a\"\"\" = 1", "a = 1\rb = 2", "# \u{1}", "a = 1 # \u{0}", "\u{0}",
    ])
  func malformed(_ text: String) {
    #expect(throws: SettingsFile.Failure.self) { try SettingsFile(Array(text.utf8)) }
  }

  @Test("Lists inside of lists have an end")
  func depth() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
      func nested(_ count: Int) -> String {
        String(repeating: open, count: count) + "1" + String(repeating: close, count: count)
      }
      #expect(throws: Never.self) { try file(nested(20)) }
      #expect(throws: SettingsFile.Failure.self) { try file(nested(10_000)) }
    }
  }
}
