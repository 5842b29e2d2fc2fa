// SPDX-License-Identifier: Apache-2.0
public import CSystem

/// Finds one line after the other in place, 64 bytes at a time: where lines are short, a search
/// that begins anew at each of them costs more than the line. O(bytes).
@safe
@usableFromInline package struct LineScanner {
  // Safe because addresses are made of the text's by offsets below its count.
  @usableFromInline let text: Bytes
  /// Where the 64 bytes begin that the mask tells of.
  @usableFromInline var window = -64
  /// Line feeds that are not yet passed.
  @usableFromInline var lineFeeds: UInt64 = 0
  /// Where the line begins.
  @usableFromInline package private(set) var start = 0
  /// Where it ends, without its line end.
  @usableFromInline package private(set) var end = 0
  /// Where the next line begins.
  @usableFromInline package private(set) var next = 0

  @inlinable package init(_ text: Bytes) { self.text = text }

  /// Finds the next line, which ends with LF, CR LF or the text; false where there are no more.
  @inlinable @inline(__always) package mutating func findNext() -> Bool {
    if next >= text.count { return false }
    start = next
    while lineFeeds == 0 {
      if text.count &- window <= 64 {
        end = text.count
        next = end
        return true
      }
      window &+= 64
      lineFeeds = unsafe mapred_line_bits(text.base + window, text.count &- window)
    }
    let lineFeed = window &+ lineFeeds.trailingZeroBitCount
    lineFeeds &= lineFeeds &- 1
    let hasReturn = lineFeed > start && text[lineFeed &- 1] == 0x0D
    end = hasReturn ? lineFeed &- 1 : lineFeed
    next = lineFeed &+ 1
    return true
  }

  /// The bytes of the line, without its end.
  @inlinable @inline(__always) package var line: Bytes { text[start..<end] }
}
