// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Bytes that follow from a key: whoever knows the key knows what has to be there.
package struct Pattern {
  private var words: [UInt64] = []

  package init() {}

  /// Makes the first `count` bytes of the pattern of `key` and hands them out.
  package mutating func with<R>(
    _ key: UInt64, _ count: Int, _ body: (Bytes) throws -> R
  ) rethrows -> R {
    let wordCount = (count + 7) / 8
    if words.count < wordCount { words = Array(repeating: 0, count: wordCount) }
    return try unsafe words.withUnsafeMutableBufferPointer { words in
      var value = key
      for index in 0..<wordCount {
        value = (value ^ value >> 29) &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03
        unsafe words[index] = value
      }
      let raw = UnsafeRawBufferPointer(words)
      return try body(unsafe Bytes(viewing: UnsafeRawBufferPointer(rebasing: raw[..<count])))
    }
  }

  /// Writes the pattern at a place of a segment.
  mutating func write(_ key: UInt64, _ count: Int, to segment: Segment, at offset: Int) {
    with(key, count) { segment.write($0, at: offset) }
  }

  /// Whether the pattern stands at a place of a segment.
  mutating func stands(_ key: UInt64, _ count: Int, in segment: Segment, at offset: Int) -> Bool {
    with(key, count) { $0 == segment.bytes(offset, count) }
  }

  /// Writes the pattern into a ring: what goes past its end goes on at its beginning.
  mutating func write(
    _ key: UInt64, _ count: Int, to segment: Segment, ring: Ring, at position: Int
  ) {
    with(key, count) { bytes in
      for piece in ring.pieces(position, count) {
        segment.write(bytes[piece.from..<(piece.from + piece.count)], at: piece.offset)
      }
    }
  }

  /// Whether the pattern stands in a ring.
  mutating func stands(
    _ key: UInt64, _ count: Int, in segment: Segment, ring: Ring, at position: Int
  ) -> Bool {
    with(key, count) { bytes in
      ring.pieces(position, count).allSatisfy { piece in
        bytes[piece.from..<(piece.from + piece.count)] == segment.bytes(piece.offset, piece.count)
      }
    }
  }
}

/// A ring of bytes inside of a segment.
struct Ring: Sendable {
  let offset: Int
  let byteCount: Int

  /// The one or two ranges of `count` bytes at `position`, counted from the beginning of time.
  func pieces(_ position: Int, _ count: Int) -> [(offset: Int, from: Int, count: Int)] {
    let start = position % byteCount
    let first = min(count, byteCount - start)
    let head = (offset: offset + start, from: 0, count: first)
    return first == count ? [head] : [head, (offset: offset, from: first, count: count - first)]
  }
}

/// A key for each (seed, owner, number).
package func patternKey(_ seed: Int, _ owner: Int, _ number: UInt64) -> UInt64 {
  let mixed = (UInt64(truncatingIfNeeded: seed) &* 0x2545_F491_4F6C_DD1D) ^ UInt64(owner) << 56
  return (mixed ^ number) &* 0x9E37_79B9_7F4A_7C15 | 1
}
