// SPDX-License-Identifier: Apache-2.0

/// Takes the parts of a JSON document off a line, one after the other.
///
/// Texts are looked at eight bytes at a time.
@safe
@usableFromInline package struct JSONScanner {
  // Safe because every address is made of the line's by an offset that was compared with its count.
  package let line: Bytes
  package private(set) var place = 0
  /// Whether a text has bytes that are not ASCII.
  private(set) var hasUnicode = false

  package init(_ line: Bytes) { self.line = line }

  package var isAtEnd: Bool { place == line.count }

  /// The next byte; zero at the end, which no byte of a document outside of its texts is.
  @inline(__always) package var next: UInt8 { byte(place) }

  @inline(__always) private func byte(_ index: Int) -> UInt8 {
    index < line.count ? unsafe line.base.load(fromByteOffset: index, as: UInt8.self) : 0
  }

  /// Passes a byte that was looked at.
  @inline(__always) package mutating func skip() {
    precondition(place < line.count, "a byte is passed that is there")
    place &+= 1
  }

  @inline(__always) package mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    place &+= 1
    return true
  }

  package mutating func take(_ word: StaticString) -> Bool {
    let word = Bytes(word)
    guard line.count &- place >= word.count, line[place..<(place &+ word.count)] == word else {
      return false
    }
    place &+= word.count
    return true
  }

  @inline(__always) package mutating func skipSpace() {
    while true {
      let byte = next
      if byte > 0x20 || !Self.isSpace(byte) { return }
      place &+= 1
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
  }
}

extension JSONScanner {
  /// What is to know of a text.
  package struct Text {
    package fileprivate(set) var hasEscapes = false
    package fileprivate(set) var isASCII = true
  }

  /// Takes a text with its quotes, the first of which was looked at; nil where it is none.
  @inline(__always) package mutating func takeText() -> Text? {
    takeShort() ? Text() : takeLong()
  }

  /// Takes a text of up to seven plain bytes, as most names are, if that is what stands here.
  @inline(__always) private mutating func takeShort() -> Bool {
    guard line.count &- place > 8 else { return false }
    let word = unsafe UInt64(
      littleEndian: line.base.loadUnaligned(fromByteOffset: place &+ 1, as: UInt64.self))
    let marks = Self.marks(word, true)
    let bits = UInt64(truncatingIfNeeded: marks.trailingZeroBitCount & 0x38)
    guard marks != 0, (word &>> bits) & 0xFF == UInt64(UInt8(ascii: "\"")) else { return false }
    place &+= Int(bits &>> 3) &+ 2
    return true
  }

  @inline(never) private mutating func takeLong() -> Text? {
    var text = Text()
    place &+= 1
    while true {
      skipPlain(isASCII: true)
      switch next {
      case UInt8(ascii: "\""):
        place &+= 1
        return text
      case UInt8(ascii: "\\"):
        text.hasEscapes = true
        place &+= 1
        guard takeEscape() else { return nil }
      case 0x80...:
        text.isASCII = false
        hasUnicode = true
        while next >= 0x80 { place &+= 1 }
      default: return nil
      }
    }
  }

  /// Passes what is neither a quote nor a backslash and, where asked for, no control character
  /// and ASCII.
  @inline(__always) private mutating func skipPlain(isASCII: Bool) {
    while line.count &- place >= 8 {
      let word = unsafe UInt64(
        littleEndian: line.base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
      let marks = Self.marks(word, isASCII)
      if marks != 0 {
        place &+= marks.trailingZeroBitCount &>> 3
        return
      }
      place &+= 8
    }
    // Spaces in place of the bytes behind it.
    while place < line.count, Self.marks(UInt64(next) | 0x2020_2020_2020_2000, isASCII) == 0 {
      place &+= 1
    }
  }

  /// The upper bit of each byte that is a quote or a backslash or, where asked for, below 0x20 or
  /// not ASCII. The lowest bit is right; above it there may be others.
  @inline(__always) private static func marks(_ word: UInt64, _ isASCII: Bool) -> UInt64 {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let quotes = word ^ (ones &* 0x22)
    let backslashes = word ^ (ones &* 0x5C)
    var marks = ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
    if isASCII { marks |= ((word &- ones &* 0x20) & ~word) | word }
    return marks & (ones &* 0x80)
  }

  /// Takes what stands behind a backslash.
  private mutating func takeEscape() -> Bool {
    let byte = next
    place = min(place &+ 1, line.count)
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      return true
    case UInt8(ascii: "u"):
      guard let unit = takeUnit() else { return false }
      guard unit >= 0xD800, unit < 0xE000 else { return true }
      guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")),
        let second = takeUnit()
      else { return false }
      return second >= 0xDC00 && second < 0xE000
    default: return false
    }
  }

  /// Takes four digits of base 16.
  private mutating func takeUnit() -> Int? {
    var unit = 0
    for _ in 0..<4 {
      let byte = next
      switch byte {
      case 0x30...0x39: unit = unit &<< 4 | Int(byte &- 0x30)
      case 0x41...0x46, 0x61...0x66: unit = unit &<< 4 | Int((byte | 0x20) &- 0x61 &+ 10)
      default: return nil
      }
      place &+= 1
    }
    return unit
  }
}

extension JSONScanner {
  /// Passes a text with its quotes, whatever stands in it; whether it has a backslash. Nil, and
  /// nothing is passed, where it does not end.
  @inline(__always) mutating func passText() -> Bool? { takeShort() ? false : passLong() }

  @inline(never) private mutating func passLong() -> Bool? {
    let start = place
    var hasEscapes = false
    place &+= 1
    while true {
      skipPlain(isASCII: false)
      switch next {
      case UInt8(ascii: "\""):
        place &+= 1
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        place &+= 2
      default: place &+= 1
      }
      if place >= line.count {
        place = start
        return nil
      }
    }
  }

  /// Passes an object or a list with all that is in it; nil where it does not end.
  mutating func passNested() -> Void? {
    var depth = 0
    while place < line.count {
      switch next {
      case UInt8(ascii: "\""):
        guard passText() != nil else { return nil }
        continue
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth &+= 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth &-= 1
      default: break
      }
      place &+= 1
      if depth == 0 { return () }
    }
    return nil
  }

  /// Passes what stands before a comma, a brace or a space.
  @inline(__always) mutating func passWord() {
    while place < line.count {
      let byte = next
      if byte <= UInt8(ascii: ",") {
        if byte == UInt8(ascii: ",") || Self.isSpace(byte) { return }
      } else if byte == UInt8(ascii: "}") {
        return
      }
      place &+= 1
    }
  }
}

extension JSONScanner {
  package enum Number {
    /// One of up to 18 digits.
    case whole(Int)
    case other
  }

  /// Takes a number that is not too large for a `Double`; nil where it is none.
  package mutating func takeNumber() -> Number? {
    let start = place
    let isNegative = take(UInt8(ascii: "-"))
    let first = place
    var value = 0
    let digits = takeDigits(&value)
    guard digits == 1 || digits > 1 && byte(first) != UInt8(ascii: "0") else { return nil }
    var isWhole = true
    var hasExponent = false
    if take(UInt8(ascii: ".")) {
      isWhole = false
      guard takeDigits(&value) > 0 else { return nil }
    }
    if next | 0x20 == UInt8(ascii: "e") {
      hasExponent = true
      place &+= 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard takeDigits(&value) > 0 else { return nil }
    }
    if isWhole, !hasExponent, digits <= 18 { return .whole(isNegative ? 0 &- value : value) }
    // Without an exponent it takes more than 300 digits to be too large.
    if hasExponent || digits > 300 {
      guard let number = Double(line[start..<place]), number.isFinite else { return nil }
    }
    return .other
  }

  /// Appends digits to a number; returns how many there are. The number of 19 and more is none.
  @inline(__always) private mutating func takeDigits(_ value: inout Int) -> Int {
    let start = place
    while true {
      let digit = next &- 0x30
      if digit >= 10 { return place &- start }
      value = value &* 10 &+ Int(digit)
      place &+= 1
    }
  }
}
