// SPDX-License-Identifier: Apache-2.0
import Exchange
import TestSupport
import Testing

@Suite struct TypeCodeTests {
  private static func randomCode(_ random: inout RandomSource, depth: Int) -> TypeCode {
    switch random.number(0...(depth > 0 ? 10 : 7)) {
    case 0: .bytes
    case 1: .string
    case 2: .bool
    case 3: .float
    case 4: .double
    case 5: .tagged
    case 6: .nothing
    case 7: .integer(bits: 8 << random.number(0...4), isSigned: random.number(0...1) == 0)
    case 8: .array(randomCode(&random, depth: depth - 1))
    case 9: .optional(randomCode(&random, depth: depth - 1))
    default:
      .tuple((0..<random.number(0...3)).map { _ in randomCode(&random, depth: depth - 1) })
    }
  }

  @Test(arguments: 0..<200) func `A code reads back from its text`(seed: Int) {
    var random = RandomSource(seed)
    let code = Self.randomCode(&random, depth: 4)
    #expect(TypeCode("\(code)") == code)
    // No shorter text is the same code, and nothing may follow it.
    #expect(TypeCode(String("\(code)".dropLast())) != code)
    #expect(TypeCode("\(code) ") == nil)
    #expect(TypeCode("\(code)]") == nil)
  }

  @Test(
    arguments: [
      ("int64", .integer(bits: 64, isSigned: true)),
      ("uint128", .integer(bits: 128, isSigned: false)),
      ("[[string]?]", .array(.optional(.array(.string)))), ("()", .tuple([])),
      ("(bytes)", .tuple([.bytes])),
      ("(string,uint8)", .tuple([.string, .integer(bits: 8, isSigned: false)])),
      ("bool??", .optional(.optional(.bool))),
    ] as [(String, TypeCode)])
  func `Codes are written as documented`(text: String, code: TypeCode) {
    #expect(code.description == text)
    #expect(TypeCode(text) == code)
  }

  @Test(arguments: [
    "", " ", "int", "int7", "int65", "Int64", "string ", " string", "[string", "string]", "(string",
    "(string,)", "(,string)", "(string uint8)", "?", "[]", "()()", "string,bytes", "ünt8", "[?]",
    "string\0",
  ])
  func `Junk is no code`(text: String) {
    #expect(TypeCode(text) == nil)
  }
}
