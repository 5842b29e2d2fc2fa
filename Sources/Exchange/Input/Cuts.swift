// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Where a file may be cut into splits.
package enum Cuts: Hashable, Sendable {
  case anywhere
  /// At multiples of so many bytes.
  case every(Int)
  /// At these offsets, in order. None: the file is one piece.
  case at([Int])

  /// The first place to cut at or behind `offset`; `size` where there is none inside of the file.
  func place(atLeast offset: Int, size: Int) -> Int {
    guard offset < size else { return size }
    switch self {
    case .anywhere: return offset
    case .every(let bytes): return min(size, (offset + bytes - 1) / bytes * bytes)
    case .at(let offsets):
      var lower = 0
      var upper = offsets.count
      while lower < upper {
        let middle = (lower + upper) / 2
        if offsets[middle] < offset { lower = middle + 1 } else { upper = middle }
      }
      return lower < offsets.count ? offsets[lower] : size
    }
  }
}

/// Finds cuts of a text in which quoted fields may hold line ends.
///
/// Whether a line end ends a row depends on all quotes before it, so the text is read once from its
/// beginning: quotes are counted, and around each cut line ends are looked at. O(bytes), at the
/// speed of memory; the bytes may come in pieces of any size.
package struct CutFinder {
  /// A cut is looked for from here on.
  private var wanted: Int
  /// How far the text has been looked at.
  private var position = 0
  private var isInsideQuotes = false
  private let spacing: (Int) -> Int

  /// `spacing`: how many bytes lie between a cut at an offset and the next one, at least.
  package init(spacing: @escaping (Int) -> Int = Splits.cutSpacing) {
    self.spacing = spacing
    wanted = spacing(0)
  }

  /// Looks at the next bytes of the text; appends the cuts that they show.
  package mutating func look(at bytes: Bytes, _ cuts: inout [Int]) {
    let start = position
    let end = start + bytes.count
    while position < end {
      // The row before a cut ends with the byte before it.
      let searched = max(position, wanted - 1)
      guard searched < end else { return pass(bytes[(position - start)..<bytes.count]) }
      pass(bytes[(position - start)..<(searched - start)])
      guard let lineFeed = bytes.firstIndex(of: 0x0A, from: position - start) else {
        return pass(bytes[(position - start)..<bytes.count])
      }
      pass(bytes[(position - start)..<(lineFeed + 1)])
      guard !isInsideQuotes else { continue }
      cuts.append(position)
      wanted = position + spacing(position)
    }
  }

  private mutating func pass(_ bytes: Bytes) {
    if bytes.count(of: 0x22) & 1 == 1 { isInsideQuotes.toggle() }
    position += bytes.count
  }
}

extension ByteBuffer {
  /// Appends ascending numbers by what they differ.
  mutating func append(ascending numbers: [Int]) {
    appendVarint(UInt64(numbers.count))
    var last = 0
    for number in numbers {
      appendVarint(UInt64(number - last))
      last = number
    }
  }
}

extension ByteReader {
  /// What `append(ascending:)` wrote: numbers above zero, each greater than the one before.
  mutating func ascending() throws(Damaged) -> [Int] {
    var last = 0
    return try list { reader throws(Damaged) in
      let (next, overflow) = last.addingReportingOverflow(try reader.number())
      guard next > last, !overflow else { throw Damaged() }
      last = next
      return next
    }
  }
}
