// SPDX-License-Identifier: Apache-2.0
public import CSystem

/// Where a walk over ordered records stands.
@usableFromInline package struct RecordPlace: Sendable {
  /// Counted from the first record.
  @usableFromInline package var index: Int
  fileprivate var block: Int
  fileprivate var offset: Int
}

/// Records in their order: by references to where they lie, or one behind the other in blocks.
@usableFromInline package enum OrderedRecords: Sendable {
  case referenced(RecordOrder)
  case placed(PlacedRecords)

  @usableFromInline package var count: Int {
    switch self {
    case .referenced(let order): order.count
    case .placed(let placed): placed.count
    }
  }

  package var bytes: Int {
    let blocks =
      switch self {
      case .referenced(let order): order.blocks
      case .placed(let placed): placed.blocks
      }
    return blocks.reduce(0) { $0 + $1.count }
  }

  /// The place of the record at `index`. O(records of a block).
  @usableFromInline package func place(_ index: Int) -> RecordPlace {
    switch self {
    case .referenced: RecordPlace(index: index, block: 0, offset: 0)
    case .placed(let placed): placed.place(index)
    }
  }

  /// The record at a place, which moves on to the next one.
  @inlinable @inline(__always)
  package func next(_ place: inout RecordPlace) -> Frame {
    guard case .referenced(let order) = self else { return nextPlaced(&place) }
    let frame = order.frame(place.index)
    place.index &+= 1
    return frame
  }

  @usableFromInline func nextPlaced(_ place: inout RecordPlace) -> Frame {
    guard case .placed(let placed) = self else { preconditionFailure("records lie in blocks") }
    return placed.next(&place)
  }

  /// Them by their references; nil where they lie in blocks. Valid for as long as these are held.
  @usableFromInline package var referenced: ReferencedRecords? {
    guard case .referenced(let order) = self else { return nil }
    return unsafe ReferencedRecords(references: order.references, count: order.count)
  }

  /// Moves behind the records from a place on that have the key of the one there.
  package func passGroup(_ place: inout RecordPlace) {
    switch self {
    case .referenced(let order): place.index = order.groupEnd(place.index)
    case .placed(let placed):
      let key = placed.next(&place).key
      var end = place
      while place.index < placed.count, placed.next(&place).key == key { end = place }
      place = end
    }
  }

  /// The key of the record at `index`. O(records of a block).
  package func key(_ index: Int) -> Bytes {
    var place = place(index)
    return next(&place).key
  }

  /// The first record whose key is not below `key`, in key order, where it is known that none
  /// before `index` is. It is looked for near there first, and blocks of a scratch file that lie
  /// before it are let go of: so many places, one behind the other, are found without all records
  /// being in memory. O(log(blocks between) + records of a block).
  package func lowerBound(_ key: Bytes, from index: Int) -> Int {
    switch self {
    case .referenced(let order): order.lowerBound(key)
    case .placed(let placed): placed.lowerBound(key, from: index)
    }
  }

  /// Nothing of it is needed soon.
  package func letGo() {
    if case .placed(let placed) = self { for block in placed.blocks { block.letGo() } }
  }
}

/// Records by their references, for loops that would else count for each of them who holds them.
@safe
@usableFromInline package struct ReferencedRecords {
  // Safe because whoever was handed it holds the order that it is of, and places are checked.
  @usableFromInline let references: UnsafeMutablePointer<RecordOrder.Reference>
  @usableFromInline let count: Int

  @inlinable init(references: UnsafeMutablePointer<RecordOrder.Reference>, count: Int) {
    unsafe self.references = unsafe references
    self.count = count
  }

  /// The record at `index`.
  @inlinable @inline(__always) package subscript(index: Int) -> Frame {
    precondition(index >= 0 && index < count, "no such record")
    // The records lie apart in memory: ask for one that is soon wanted, and for its second line.
    let ahead = unsafe references[min(index &+ 16, count &- 1)].frame
    unsafe mapred_prefetch(ahead)
    unsafe mapred_prefetch(ahead + 64)
    return unsafe Frame.read(references[index].frame)
  }
}

/// Records that lie in blocks one behind the other, in key order. Blocks of a scratch file are let
/// go of as a walk leaves them.
@usableFromInline package final class PlacedRecords: Sendable {
  package let blocks: [Block]
  /// By block: records before it. One more than there are blocks.
  private let firsts: [Int]
  @usableFromInline package var count: Int { firsts[blocks.count] }

  package init(_ blocks: [Block]) {
    self.blocks = blocks
    var firsts = [0]
    for block in blocks { firsts.append(firsts[firsts.count - 1] + block.records) }
    self.firsts = firsts
  }

  func place(_ index: Int) -> RecordPlace {
    precondition(index >= 0 && index <= count, "no such record")
    var lower = 0
    var upper = blocks.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if firsts[middle + 1] <= index { lower = middle + 1 } else { upper = middle }
    }
    var place = RecordPlace(index: firsts[lower], block: lower, offset: 0)
    while place.index < index { _ = next(&place) }
    return place
  }

  @inline(__always) func next(_ place: inout RecordPlace) -> Frame {
    if place.offset >= blocks[place.block].count {
      // Whoever was handed the last records may still be reading them.
      if place.block > 0 { blocks[place.block &- 1].letGo() }
      place.block &+= 1
      place.offset = 0
    }
    let frame = blocks[place.block].frame(at: place.offset)
    place.offset &+= frame.size
    place.index &+= 1
    return frame
  }

  func lowerBound(_ key: Bytes, from index: Int) -> Int {
    guard index < count else { return count }
    let start = place(index)
    var lower = start.block
    var upper = lower + 1
    var step = 1
    while upper < blocks.count, blocks[upper].frame(at: 0).key < key {
      lower = upper
      upper = min(blocks.count, upper + step)
      step *= 2
    }
    // The last block whose first key is below the key, or the one to begin with.
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if blocks[middle].frame(at: 0).key < key { lower = middle } else { upper = middle }
    }
    for passed in start.block..<lower { blocks[passed].letGo() }
    var place =
      lower == start.block ? start : RecordPlace(index: firsts[lower], block: lower, offset: 0)
    while place.index < firsts[lower + 1] {
      let found = place.index
      if !(next(&place).key < key) { return found }
    }
    return firsts[lower + 1]
  }
}
