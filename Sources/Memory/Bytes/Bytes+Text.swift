// SPDX-License-Identifier: Apache-2.0

extension Bytes {
  /// Where `byte` first stands at or after `start`; nil where it does not.
  @inlinable public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    precondition(start >= 0 && start <= count, "byte index out of range")
    return unsafe findByte(byte, base + start, count - start).map { $0 + start }
  }

  /// Where `needle` first stands; nil where it does not. O(count) for needles of any length.
  public func firstRange(of needle: Bytes) -> Range<Int>? {
    unsafe findBytes(needle.base, needle.count, base, count).map { $0..<($0 + needle.count) }
  }

  /// Whether `needle` stands anywhere; an empty needle does.
  public func contains(_ needle: Bytes) -> Bool { firstRange(of: needle) != nil }

  /// Whether the text stands anywhere, compared byte by byte.
  public func contains(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { utf8 in
      let needle = unsafe Bytes(viewing: UnsafeRawBufferPointer(utf8))
      return contains(needle)
    }
  }

  /// Whether the bytes begin with `prefix`.
  @inlinable public func hasPrefix(_ prefix: Bytes) -> Bool {
    guard count >= prefix.count else { return false }
    return unsafe equalBytes(base, prefix.base, prefix.count)
  }

  /// The bytes without ASCII white space at both ends.
  @inlinable public var trimmed: Bytes {
    var lower = 0
    var upper = count
    while lower < upper, Self.isSpace(self[lower]) { lower += 1 }
    while upper > lower, Self.isSpace(self[upper - 1]) { upper -= 1 }
    return self[lower..<upper]
  }

  @inlinable static func isSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (byte >= 9 && byte <= 13)
  }

  /// The fields between `separator` bytes: always one more than there are separators.
  @inlinable public func fields(_ separator: UInt8) -> Fields { Fields(self, separator) }

  /// The fields between separators that an ASCII character names: `line.fields(",")`.
  @inlinable public func fields(_ separator: Unicode.Scalar) -> Fields {
    precondition(separator.isASCII, "a separator is one ASCII character")
    return Fields(self, UInt8(truncatingIfNeeded: separator.value))
  }

  /// Field `index` from 0; nil where there are fewer. O(bytes) up to the field.
  @inlinable public func field(_ index: Int, separator: Unicode.Scalar) -> Bytes? {
    var remaining = index
    for field in fields(separator) {
      if remaining == 0 { return field }
      remaining &-= 1
    }
    return nil
  }
}

/// The fields of a line, found as they are asked for.
public struct Fields: Sequence, IteratorProtocol, Sendable {
  @usableFromInline let bytes: Bytes
  @usableFromInline let separator: UInt8
  @usableFromInline var position: Int = 0

  @inlinable init(_ bytes: Bytes, _ separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
  }

  /// The next field.
  @inlinable public mutating func next() -> Bytes? {
    guard position <= bytes.count else { return nil }
    let start = position
    let end = bytes.firstIndex(of: separator, from: start) ?? bytes.count
    position = end &+ 1
    return bytes[start..<end]
  }
}

extension Bytes {
  /// Where `byte` last stands; nil where it does not.
  public func lastIndex(of byte: UInt8) -> Int? {
    unsafe findLastByte(byte, base, count)
  }
}
