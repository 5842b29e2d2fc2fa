// SPDX-License-Identifier: Apache-2.0
import Memory

/// Where a file may be cut into splits.
package enum Cuts: Hashable, Sendable {
  case anywhere
  /// At these offsets, in order. None: the file is one piece.
  case at([Int])

  /// The first place to cut at or behind `offset`; `size` where there is none inside of the file.
  func place(atLeast offset: Int, size: Int) -> Int {
    guard offset < size else { return size }
    switch self {
    case .anywhere: return offset
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
