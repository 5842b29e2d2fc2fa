// SPDX-License-Identifier: Apache-2.0

/// Where the values of a JSON document (RFC 8259) stand: one part for each, found in one pass.
///
/// What it takes is JSON and means what `JSONReader` says. It may refuse some that is JSON, too,
/// and tells no reason: whoever is refused asks `JSONReader`. Its memory is kept from one document
/// to the next. O(bytes).
@safe
@usableFromInline package struct JSONIndex: ~Copyable {
  // Safe because the memory is owned alone, all places below `count` are written, and every access
  // is checked against it.
  package enum Kind: UInt8, Sendable {
    case null, no, yes
    /// A whole number of up to 18 digits, which is the part's `value`.
    case whole
    /// Any other number.
    case number
    /// A text without and with escapes.
    case text, escapedText
    /// The `value` is the number of elements.
    case list
    case object
    /// The name of a field, all of it ASCII and not; its `value` is the part of the object, and
    /// the field's value is the next part. Names with escapes are refused.
    case name, unicodeName
  }

  /// A value or a name. Parts stand in the order of the document, so that those of an object or a
  /// list come right behind it.
  package struct Part {
    package let kind: Kind
    package let start: Int
    package fileprivate(set) var end: Int
    package fileprivate(set) var value: Int
    /// The part behind all that is inside of this one.
    package fileprivate(set) var next: Int
  }

  private static let depthMaximum = 32

  private var parts: UnsafeMutablePointer<Part>
  private var capacity = 64
  private var count = 0
  var scanner = JSONScanner(Bytes(""))
  /// Whether a name of this document is not ASCII.
  private var hasUnicodeNames = false
  /// The name that was found for each question after the beginning of the document. Documents of
  /// one file have their fields in one order, and are asked for them in one order.
  private var found: [Int] = []
  private var asked = 0

  package init() { unsafe parts = .allocate(capacity: capacity) }

  deinit { unsafe parts.deallocate() }

  package subscript(part: Int) -> Part {
    precondition(part >= 0 && part < count, "part index out of range")
    return unsafe parts[part]
  }

  package var line: Bytes { scanner.line }

  /// Reads a document; false where it is refused.
  package mutating func read(_ line: Bytes) -> Bool {
    scanner = JSONScanner(line)
    count = 0
    hasUnicodeNames = false
    asked = 0
    guard takeValue(depth: 0) else { return false }
    scanner.skipSpace()
    return scanner.isAtEnd && (!scanner.hasUnicode || line.isUTF8)
  }

  private mutating func append(_ kind: Kind, from start: Int, _ value: Int = 0) {
    if count == capacity { grow() }
    unsafe parts.advanced(by: count).initialize(
      to: Part(kind: kind, start: start, end: scanner.place, value: value, next: count &+ 1))
    count &+= 1
  }

  @inline(never) private mutating func grow() {
    let larger = UnsafeMutablePointer<Part>.allocate(capacity: 2 * capacity)
    unsafe larger.moveInitialize(from: parts, count: count)
    unsafe parts.deallocate()
    unsafe parts = larger
    capacity *= 2
  }

  /// All that is inside of a list or an object has been read.
  private mutating func close(_ part: Int, _ value: Int) -> Bool {
    precondition(part < count, "what was opened is closed")
    unsafe parts[part].end = scanner.place
    unsafe parts[part].value = value
    unsafe parts[part].next = count
    return true
  }
}

extension JSONIndex {
  private mutating func takeValue(depth: Int) -> Bool {
    guard depth <= Self.depthMaximum else { return false }
    scanner.skipSpace()
    let start = scanner.place
    switch scanner.next {
    case UInt8(ascii: "\""):
      guard let text = scanner.takeText() else { return false }
      append(text.hasEscapes ? .escapedText : .text, from: start)
    case UInt8(ascii: "{"): return takeObject(depth)
    case UInt8(ascii: "["): return takeList(depth)
    case UInt8(ascii: "t"):
      guard scanner.take("true") else { return false }
      append(.yes, from: start)
    case UInt8(ascii: "f"):
      guard scanner.take("false") else { return false }
      append(.no, from: start)
    case UInt8(ascii: "n"):
      guard scanner.take("null") else { return false }
      append(.null, from: start)
    default:
      guard let number = scanner.takeNumber() else { return false }
      switch number {
      case .whole(let value): append(.whole, from: start, value)
      case .other: append(.number, from: start)
      }
    }
    return true
  }

  private mutating func takeList(_ depth: Int) -> Bool {
    let list = count
    append(.list, from: scanner.place)
    scanner.skip()
    scanner.skipSpace()
    if scanner.take(UInt8(ascii: "]")) { return close(list, 0) }
    var elements = 0
    while takeValue(depth: depth &+ 1) {
      elements &+= 1
      scanner.skipSpace()
      if scanner.take(UInt8(ascii: ",")) { continue }
      return scanner.take(UInt8(ascii: "]")) && close(list, elements)
    }
    return false
  }

  private mutating func takeObject(_ depth: Int) -> Bool {
    let object = count
    append(.object, from: scanner.place)
    scanner.skip()
    scanner.skipSpace()
    if scanner.take(UInt8(ascii: "}")) { return close(object, 0) }
    var hashes: UInt64 = 0
    while takeName(of: object, &hashes) {
      scanner.skipSpace()
      guard scanner.take(UInt8(ascii: ":")), takeValue(depth: depth &+ 1) else { return false }
      scanner.skipSpace()
      if scanner.take(UInt8(ascii: ",")) { continue }
      return scanner.take(UInt8(ascii: "}")) && close(object, 0)
    }
    return false
  }

  /// Takes a name that the object does not have yet. `hashes` has a bit for each name before: only
  /// a name whose bit is set has to be compared.
  private mutating func takeName(of object: Int, _ hashes: inout UInt64) -> Bool {
    scanner.skipSpace()
    let start = scanner.place
    guard scanner.next == UInt8(ascii: "\""), let text = scanner.takeText(), !text.hasEscapes else {
      return false
    }
    let part = count
    append(text.isASCII ? .name : .unicodeName, from: start, object)
    if !text.isASCII { hasUnicodeNames = true }
    let name = name(part)
    let bit: UInt64 = 1 &<< (name.shortHash &>> 58)
    let isNew = hashes & bit == 0 && !hasUnicodeNames
    hashes |= bit
    return isNew || search(object, for: name, before: part) == nil
  }
}

extension JSONIndex {
  /// The text of a name.
  package func name(_ part: Int) -> Bytes {
    let name = self[part]
    return line[(name.start &+ 1)..<(name.end &- 1)]
  }

  /// The value of a field; nil where the object has none of this name.
  package mutating func find(_ name: String, in object: Int) -> Int? {
    var name = name
    return name.withUTF8Bytes { name in
      let question = asked
      asked &+= 1
      if question < found.count {
        let part = found[question]
        if part < count, isName(part, name, of: object) { return part &+ 1 }
      }
      guard let part = search(object, for: name, before: self[object].next) else { return nil }
      remember(part, question)
      return part &+ 1
    }
  }

  /// The number in a field, if it is whole and short.
  package mutating func shortNumber(_ name: String, in object: Int) -> Int? {
    guard let part = find(name, in: object), self[part].kind == .whole else { return nil }
    return self[part].value
  }

  @inline(__always) private func isName(_ part: Int, _ name: Bytes, of object: Int) -> Bool {
    let known = self[part]
    return known.kind == .name && known.value == object && self.name(part) == name
  }

  /// Looks at one name of an object after the other. Texts are equal as Swift has it: bytes that
  /// are not ASCII may stand for the same characters as others.
  @inline(never) private func search(_ object: Int, for name: Bytes, before end: Int) -> Int? {
    let isPlain = !hasUnicodeNames && name.isASCII
    var part = object &+ 1
    while part < end {
      let other = self.name(part)
      if other == name || !isPlain && String(other) == String(name) { return part }
      part = self[part &+ 1].next
    }
    return nil
  }

  /// More than these many answers help nobody.
  private static let foundMaximum = 1024

  private mutating func remember(_ part: Int, _ question: Int) {
    if question < found.count {
      found[question] = part
    } else if question < Self.foundMaximum {
      while found.count < question { found.append(0) }
      found.append(part)
    }
  }
}

extension Bytes {
  /// A number that mostly differs for different bytes; its upper bits are the better ones.
  @inline(__always) fileprivate var shortHash: UInt64 {
    var hash = UInt64(truncatingIfNeeded: count)
    if count >= 4 {
      let first = unsafe base.loadUnaligned(as: UInt32.self)
      let last = unsafe base.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
      hash = hash &<< 48 ^ UInt64(first) &<< 32 ^ UInt64(last)
    } else {
      for byte in self { hash = hash &<< 8 | UInt64(byte) }
    }
    return hash &* 0x9E37_79B9_7F4A_7C15
  }

  package var isASCII: Bool { allSatisfy { $0 < 0x80 } }

  /// Whether the bytes are text.
  package var isUTF8: Bool {
    withSpan { span in (try? UTF8Span(validating: span)) != nil }
  }
}
