// SPDX-License-Identifier: Apache-2.0
public import CSystem

extension Bytes {
  /// The words: maximal runs of ASCII letters, digits and bytes of 0x80 and above, case kept.
  ///
  /// UTF-8 letters outside of ASCII stay whole, and nothing is decoded. 64 bytes are classified at
  /// a time, at several GB/s.
  @inlinable @inline(__always) public var words: Words { Words(self) }
}

/// The words of some bytes, found as they are asked for.
@safe
public struct Words: Sequence, IteratorProtocol, Sendable {
  @usableFromInline let bytes: Bytes
  /// Where the current window of 64 bytes begins.
  @usableFromInline var window: Int = 0
  /// The word bits of the window that are not yet handed out.
  @usableFromInline var mask: UInt64 = 0

  @inlinable @inline(__always) init(_ bytes: Bytes) {
    self.bytes = bytes
    mask = load()
  }

  @inlinable @inline(__always) func load() -> UInt64 {
    let count = bytes.count &- window
    if count <= 0 { return 0 }
    return unsafe mapred_word_mask(bytes.base + window, Swift.min(count, 64))
  }

  /// The next word.
  @inlinable @inline(__always) public mutating func next() -> Bytes? {
    while mask == 0 {
      window &+= 64
      if window >= bytes.count { return nil }
      mask = load()
    }
    let first = mask.trailingZeroBitCount
    let start = window &+ first
    let after = first &+ (~(mask &>> UInt64(first))).trailingZeroBitCount
    if after < 64 {
      mask &= ~0 &<< UInt64(after)
      return unsafe Bytes(bytes.base + start, window &+ after &- start)
    }
    return unsafe Bytes(bytes.base + start, endOfLongWord() &- start)
  }

  /// Follows a word that reaches the end of its window; returns where it ends.
  @inlinable mutating func endOfLongWord() -> Int {
    while true {
      window &+= 64
      mask = load()
      let ones = (~mask).trailingZeroBitCount
      if ones < 64 {
        mask &= ~0 &<< UInt64(ones)
        return Swift.min(window &+ ones, bytes.count)
      }
    }
  }
}
