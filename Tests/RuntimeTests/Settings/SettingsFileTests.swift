// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Runtime

@Suite("Files of settings")
struct SettingsFileTests {
  private func entries(_ text: String) throws -> [String] {
    try SettingsFile(Array(text.utf8)).entries.map { entry in
      "\(entry.line) \(entry.path.joined(separator: "/")) \(entry.value?.shown ?? "opened")"
    }
  }

  @Test("Every value is found with the line on which its statement begins")
  func lines() throws {
    let text = """
      # comment with [brackets] = "x"

      top = 1
      [node]   # opened
      name = "n1"
      join = [  # a comment, then "]"
        "a:1",

        "b:2",
      ]
      text = \"\"\"
      [no.section]
      no = "value"
      \"\"\"
      data-listen = 'l'

      [membership.deep]
      inline = { a = 1, b = { c = true } }
      dotted.key = 2.5
      "quoted.key" = 1979-05-27
      """
    #expect(
      try entries(text) == [
        "3 top the integer 1", "4 node opened", "5 node/name \"n1\"", "6 node/join a list",
        "11 node/text \"[no.section]\\nno = \\\"value\\\"\\n\"", "15 node/data-listen \"l\"",
        "17 membership/deep opened", "18 membership/deep/inline/a the integer 1",
        "18 membership/deep/inline/b/c true",
        "19 membership/deep/dotted/key a floating-point number",
        "20 membership/deep/quoted.key a date",
      ])
  }

  @Test("Line ends of other systems and the mark of UTF-8 do not matter")
  func lineEnds() throws {
    let plain = "[node]\nname = \"a\"\njoin = [\n\"b:1\"\n]\nsocket = \"/s\"\n"
    let expected = try entries(plain)
    #expect(expected.count == 4)
    #expect(try entries(plain.replacing("\n", with: "\r\n")) == expected)
    #expect(try entries("\u{FEFF}" + plain) == expected)
    #expect(try entries(String(plain.dropLast())) == expected)
  }

  @Test("An empty file, and one of comments alone, say nothing", arguments: ["", "\n", "# x\n#"])
  func empty(_ text: String) throws { #expect(try entries(text).isEmpty) }

  @Test("Sections without keys, arrays of tables and empty tables are seen")
  func sections() throws {
    #expect(
      try entries("[a]\n[b]\n[[c]]\nx = 1\n") == [
        "1 a opened", "2 b opened", "3 c opened", "4 c/x the integer 1",
      ])
    #expect(try entries("a = {}\n") == ["1 a opened"])
  }

  @Test(
    "What is malformed is told with line and column",
    arguments: [
      ("[node\n", 1, 6), ("a = 1\nb = \n", 2, 5), ("a = 1\na = 2\n", 2, 1), ("x y = 1\n", 1, 3),
      ("\n\"é\" = é\n", 2, 7), ("a = [1,\n 2", 2, 3),
    ])
  func malformed(_ text: String, _ line: Int, _ column: Int) {
    let failure = #expect(throws: SettingsFile.Failure.self) {
      try SettingsFile(Array(text.utf8))
    }
    #expect(failure?.line == line)
    #expect(failure?.column == column)
    #expect(failure?.message.isEmpty == false)
  }

  @Test("Bytes that are no text are refused, and a zero byte does not end the file")
  func bytes() {
    let zero = #expect(throws: SettingsFile.Failure.self) {
      try SettingsFile(Array("a = 1\nb = 2 # \0\nc = 3\n".utf8))
    }
    #expect(zero?.line == 2)
    let wrong = #expect(throws: SettingsFile.Failure.self) {
      try SettingsFile([0x61, 0x3D, 0x31, 0x0A, 0x62, 0x3D, 0x22, 0xFF, 0x22])
    }
    #expect(wrong?.line == 2)
    #expect(wrong?.column == 4)
  }

  @Test("A zero byte in a key's escapes does no harm")
  func zeroInKey() throws {
    let found = try SettingsFile(Array("\"a\\u0000b\" = 1\n".utf8)).entries
    #expect(found.count == 1)
  }

  @Test("Whatever a file holds: it is refused, or its last statement is found on its line")
  func damaged() throws {
    let whole = Array(
      """
      [node] # c
      name = "n#1"
      join = ["a:1", # [x]
        'b:2'
      ]
      [[layout.a]]
      x = { y = [1, 2], "z" = 0x1F }
      t = \"\"\"
      [k] \\
      \"\"\"
      u = '''\n]'''
      """.utf8)
    let marks = Array("[]{}\"'\\#=.,\n\r \0\u{E9}1x".utf8)
    var accepted = 0
    for seed in 0..<3000 {
      var random = RandomSource(seed)
      var bytes = whole
      for _ in 0...random.number(0...2) {
        let place = random.number(0...(bytes.count - 1))
        switch random.number(0...2) {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(marks[random.number(0...(marks.count - 1))], at: place)
        default: bytes[place] = marks[random.number(0...(marks.count - 1))]
        }
      }
      let last = bytes.count { $0 == 0x0A } + 3
      guard let file = try? SettingsFile(bytes + Array("\n[last.one]\nq = 1\n".utf8)) else {
        continue
      }
      accepted += 1
      let entry = file.entries.last
      #expect(entry?.path == ["last", "one", "q"], "seed \(seed)")
      #expect(entry?.line == last, "seed \(seed)")
    }
    #expect(accepted > 100, "hardly any file was right")
  }
}
