// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Vocabulary

/// Blocks in a segment, whose memory other processes see: runs of neighbouring granules, the first
/// one that is long enough.
///
/// O(1) for a block of one granule while memory is not nearly full; O(granules / 64) at worst.
package final class BlockArea: BlockOwner, BlockSupply, BlockSource {
  /// Which granules are taken.
  fileprivate struct Granules {
    var words: [UInt64]
    /// All words before it are full.
    var firstFree = 0
    var taken = 0
    /// Granules that may be used: the memory behind them is not reserved yet.
    var usable: Int
  }

  package let segment: Segment
  private let start: Int
  private let granuleBytes: Int
  private let count: Int
  private let step: Int
  /// Reserves memory before it is used; false where there is none.
  private let reserve: @Sendable (Range<Int>) -> Bool
  private let granules: Mutex<Granules>

  /// Cuts what stands behind `start` into granules. Where memory has to be reserved, `step` bytes
  /// are at a time.
  package init(
    _ segment: Segment, from start: Int = 0, granuleBytes: Int, step: Int? = nil,
    reserve: @escaping @Sendable (Range<Int>) -> Bool = { _ in true }
  ) {
    precondition(start % granuleBytes == 0, "granules lie on boundaries of their size")
    self.segment = segment
    self.start = start
    self.granuleBytes = granuleBytes
    self.reserve = reserve
    count = max(0, segment.byteCount - start) / granuleBytes
    self.step = step.map { max(1, $0 / granuleBytes) } ?? count
    granules = Mutex(
      Granules(
        words: Array(repeating: 0, count: (count + 63) / 64), usable: step == nil ? count : 0))
  }

  /// The most bytes that a block can have.
  package var byteCount: Int { count * granuleBytes }

  /// Bytes of all blocks that there are.
  package var takenBytes: Int { granules.withLock { $0.taken } * granuleBytes }

  /// An empty block of the usual size, or of `bytes`; nil where there is no room now.
  package func block(for bytes: Int) -> Block? { newBlock(of: max(bytes, Limits.blockBytes)) }

  package func block(copying bytes: Bytes, records: Int) -> Block? {
    guard let made = newBlock(of: max(bytes.count, 1)) else { return nil }
    made.fill(bytes, records: records)
    return made
  }

  private func newBlock(of bytes: Int) -> Block? {
    let wanted = (bytes + granuleBytes - 1) / granuleBytes
    guard let place = granules.withLock({ claim(wanted, &$0) }) else { return nil }
    return Block(
      in: segment, offset: start + place * granuleBytes, capacity: wanted * granuleBytes,
      owner: self)
  }

  private func claim(_ wanted: Int, _ granules: inout Granules) -> Int? {
    while true {
      if let place = granules.find(wanted) {
        granules.set(place..<place + wanted, taken: true)
        return place
      }
      guard granules.usable < count else { return nil }
      let more = granules.usable..<min(count, granules.usable + step)
      let range = start + more.lowerBound * granuleBytes..<start + more.upperBound * granuleBytes
      guard reserve(range) else { return nil }
      granules.usable = more.upperBound
    }
  }

  package func takeBack(offset: Int, capacity: Int) {
    let place = (offset - start) / granuleBytes
    granules.withLock { $0.set(place..<place + capacity / granuleBytes, taken: false) }
  }
}

extension BlockArea.Granules {
  /// Where so many neighbours are free.
  fileprivate func find(_ wanted: Int) -> Int? {
    var place = firstFree * 64
    while place + wanted <= usable {
      let rest = words[place >> 6] >> UInt64(place & 63)
      if rest & 1 == 1 {
        place += min((~rest).trailingZeroBitCount, 64 - place & 63)
        continue
      }
      let end = endOfFree(from: place, atMost: place + wanted)
      if end - place >= wanted { return place }
      place = end
    }
    return nil
  }

  /// The first granule from `place` on that is taken; no more than about `limit` is looked at.
  private func endOfFree(from place: Int, atMost limit: Int) -> Int {
    var end = place
    while end < limit {
      let rest = words[end >> 6] >> UInt64(end & 63)
      let inWord = 64 - end & 63
      let free = min(rest.trailingZeroBitCount, inWord)
      end += free
      if free < inWord { break }
    }
    return end
  }

  fileprivate mutating func set(_ range: Range<Int>, taken isTaken: Bool) {
    var place = range.lowerBound
    while place < range.upperBound {
      let bit = place & 63
      let length = min(64 - bit, range.upperBound - place)
      let mask = (UInt64.max >> UInt64(64 - length)) << UInt64(bit)
      precondition(
        words[place >> 6] & mask == (isTaken ? 0 : mask), "granules change hands one at a time")
      words[place >> 6] ^= mask
      place += length
    }
    taken += isTaken ? range.count : -range.count
    if !isTaken { firstFree = min(firstFree, range.lowerBound >> 6) }
    while firstFree < words.count - 1, words[firstFree] == ~0 { firstFree += 1 }
  }
}
