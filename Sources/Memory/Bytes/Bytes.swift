// SPDX-License-Identifier: Apache-2.0

/// A view of bytes that somebody else owns: a line, a word, a key.
///
/// A view is valid for as long as the call that handed it out: inside a closure of an operator it
/// may be read, cut, compared and emitted as a key at no cost, but not stored, nor returned as a
/// value. To keep the bytes for longer, copy them with `Array(bytes)` or `String(bytes)`.
/// Comparison is by unsigned bytes, a prefix first.
@safe @frozen
public struct Bytes: @unchecked Sendable {
  // Safe because every maker of a view owns the memory for the length of the call it is handed to,
  // and every access below is checked against `count`.
  @usableFromInline package let base: UnsafeRawPointer
  /// How many bytes there are.
  public let count: Int

  @inlinable @inline(__always)
  package init(_ base: UnsafeRawPointer, _ count: Int) {
    unsafe self.base = unsafe base
    self.count = count
  }

  /// The bytes of a literal, which live for ever.
  @inlinable public init(_ literal: StaticString) {
    precondition(literal.hasPointerRepresentation, "a single-scalar literal has no bytes to view")
    unsafe self.init(UnsafeRawPointer(literal.utf8Start), literal.utf8CodeUnitCount)
  }

  /// Whether there are no bytes.
  @inlinable public var isEmpty: Bool { count == 0 }

  /// The byte at `index`, from 0.
  @inlinable @inline(__always)
  public subscript(index: Int) -> UInt8 {
    precondition(index >= 0 && index < count, "byte index out of range")
    return unsafe base.load(fromByteOffset: index, as: UInt8.self)
  }

  /// The bytes of `range`, counted from 0.
  @inlinable @inline(__always)
  public subscript(range: Range<Int>) -> Bytes {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "byte range out of range")
    return unsafe Bytes(base + range.lowerBound, range.count)
  }

  /// The bytes of an open range, cut where there are fewer: `line[5...]`, `line[...9]`.
  @inlinable public subscript(range: some RangeExpression<Int>) -> Bytes {
    self[range.relative(to: 0..<Int.max).clamped(to: 0..<Swift.max(count, 0))]
  }

  /// Whether these bytes stand inside of the memory that `other` shows.
  @inlinable @inline(__always) package func isInside(_ other: Bytes) -> Bool {
    let offset = unsafe base - other.base
    return offset >= 0 && offset <= other.count &- count
  }

  @inlinable package var buffer: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// Hands the bytes to `body` as a span.
  @inlinable public func withSpan<R>(_ body: (Span<UInt8>) throws -> R) rethrows -> R {
    let bytes = unsafe UnsafeBufferPointer(
      start: base.assumingMemoryBound(to: UInt8.self), count: count)
    return try body(unsafe Span(_unsafeElements: bytes))
  }
}

extension Bytes: Sequence {
  /// Walks over the bytes.
  public struct Iterator: IteratorProtocol {
    @usableFromInline let bytes: Bytes
    @usableFromInline var index = 0
    @inlinable init(_ bytes: Bytes) { self.bytes = bytes }

    /// The next byte.
    @inlinable public mutating func next() -> UInt8? {
      guard index < bytes.count else { return nil }
      defer { index &+= 1 }
      return unsafe bytes.base.load(fromByteOffset: index, as: UInt8.self)
    }
  }

  /// Walks over the bytes.
  @inlinable public func makeIterator() -> Iterator { Iterator(self) }
  /// The exact count.
  @inlinable public var underestimatedCount: Int { count }
}

extension Bytes: Comparable, Hashable {
  /// Whether both views show the same bytes.
  @inlinable public static func == (a: Bytes, b: Bytes) -> Bool {
    guard a.count == b.count else { return false }
    return unsafe equalBytes(a.base, b.base, a.count)
  }

  /// Order by unsigned bytes; a prefix comes first.
  @inlinable public static func < (a: Bytes, b: Bytes) -> Bool {
    a.order(b) < 0
  }

  @inlinable package func order(_ other: Bytes) -> Int {
    let common = unsafe compareBytes(base, other.base, Swift.min(count, other.count))
    return common != 0 ? common : count - other.count
  }

  /// Hashes the bytes.
  @inlinable public func hash(into hasher: inout Hasher) {
    unsafe hasher.combine(bytes: buffer)
  }
}

extension Bytes: CustomStringConvertible {
  /// The bytes as text; what is not UTF-8 shows as U+FFFD.
  public var description: String { String(self) }
}

extension String {
  /// The bytes as text, copied; what is not UTF-8 becomes U+FFFD.
  public init(_ bytes: Bytes) {
    self = unsafe String(decoding: bytes.buffer, as: UTF8.self)
  }
}

extension Array where Element == UInt8 {
  /// A copy, made at once: what is known of any sequence copies byte by byte.
  @inlinable package init(_ bytes: Bytes) { self = unsafe Array(bytes.buffer) }

  /// Hands a view of the elements to `body`.
  @inlinable public func withBytes<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    try unsafe withUnsafeBytes { raw in
      try body(unsafe Bytes(viewing: raw))
    }
  }
}

extension Bytes {
  @inlinable package init(viewing raw: UnsafeRawBufferPointer) {
    if let base = raw.baseAddress {
      unsafe self.init(base, raw.count)
    } else {
      self.init("")
    }
  }
}

extension String {
  /// Hands a view of the UTF-8 bytes to `body`; copies only text that is not stored that way.
  @inlinable public mutating func withUTF8Bytes<R>(_ body: (Bytes) throws -> R) rethrows -> R {
    try withUTF8 { utf8 in
      try body(unsafe Bytes(viewing: UnsafeRawBufferPointer(utf8)))
    }
  }
}

extension Bytes {
  /// Hands address and count to a system call.
  package func withRaw<R>(_ body: (UnsafeRawPointer, Int) throws -> R) rethrows -> R {
    unsafe try body(base, count)
  }
}
