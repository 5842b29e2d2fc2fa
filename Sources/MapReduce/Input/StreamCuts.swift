// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Finds where the pieces of a stream end, as `Splits.pack` does for a file with these bytes.
struct StreamCuts {
  private let cutting: FileFormat.Cutting
  /// Lines that begin before this byte of the stream belong to the next piece.
  private var boundary = Splits.size(at: 0)
  /// How far the stream was searched.
  private var searched = 0
  private var finder = CutFinder()
  /// Cuts behind the last piece.
  private var cuts: [Int] = []

  init(_ cutting: FileFormat.Cutting) { self.cutting = cutting }

  /// How many of `bytes`, which begin at `offset` of the stream, are the next piece; nil where more
  /// must be read first.
  mutating func end(of bytes: Bytes, at offset: Int) -> Int? {
    switch cutting {
    case .anywhere: return endOfLines(bytes, offset)
    case .every(let width):
      let target = offset + Splits.size(at: offset)
      let end = (target + width - 1) / width * width - offset
      return end <= bytes.count ? end : nil
    case .betweenRows: return endOfRows(bytes, offset)
    }
  }

  private mutating func endOfLines(_ bytes: Bytes, _ offset: Int) -> Int? {
    while boundary <= offset { boundary += Splits.size(at: boundary) }
    // The line with the byte before the boundary is the piece's last.
    searched = max(searched, boundary - 1)
    guard searched < offset + bytes.count else { return nil }
    if let end = bytes.firstIndex(of: 0x0A, from: searched - offset) {
      searched = offset + end + 1
      return end + 1
    }
    searched = offset + bytes.count
    return nil
  }

  private mutating func endOfRows(_ bytes: Bytes, _ offset: Int) -> Int? {
    finder.look(at: bytes[(searched - offset)..<bytes.count], &cuts)
    searched = offset + bytes.count
    let target = offset + Splits.size(at: offset)
    guard let place = cuts.firstIndex(where: { $0 >= target }) else { return nil }
    let end = cuts[place]
    cuts.removeFirst(place + 1)
    return end - offset
  }
}
