// SPDX-License-Identifier: Apache-2.0
import Glibc

/// References to the frames of some blocks, which can be sorted by key without moving a record.
///
/// A reference is 16 bytes: the first eight key bytes as a big-endian number, and the frame's
/// address. Sorting is a stable MSD radix sort, out of place, eight bits at a time over the prefix;
/// keys that agree in eight bytes are sorted by the next eight, and so on. Small groups are sorted
/// by insertion. O(records × distinct leading bytes).
@safe
@usableFromInline package final class RecordOrder: @unchecked Sendable {
  // Safe because it keeps the blocks that its references point into. Sendable because it is
  // handed over after it was built, and only read then.
  @unsafe @usableFromInline struct Reference {
    @usableFromInline var prefix: UInt64
    @usableFromInline var frame: UnsafeRawPointer

    init(prefix: UInt64, frame: UnsafeRawPointer) {
      unsafe self.prefix = prefix
      unsafe self.frame = unsafe frame
    }
  }

  package let blocks: [Block]
  private let budget: MemoryBudget?
  @usableFromInline package let count: Int
  @usableFromInline let references: UnsafeMutablePointer<Reference>

  /// Bytes of the references to so many records.
  package static func bytes(of records: Int) -> Int {
    unsafe records * MemoryLayout<Reference>.stride
  }

  /// References to all records of `blocks`, in their order; counted in `budget` where they stay.
  package init(_ blocks: [Block], budget: MemoryBudget? = nil) {
    self.blocks = blocks
    let total = blocks.reduce(0) { $0 + $1.records }
    count = total
    self.budget = budget
    budget?.take(Self.bytes(of: total))
    unsafe references = Self.allocate(total)
    var index = 0
    for block in blocks {
      var offset = 0
      while offset < block.count {
        let address = unsafe UnsafeRawPointer(block.base) + offset
        let frame = unsafe Frame.read(address)
        unsafe (references + index).initialize(
          to: Reference(
            prefix: orderPrefix(frame.key.base, frame.key.count), frame: address))
        offset += frame.size
        index += 1
      }
    }
    precondition(index == total, "blocks count \(total) records and hold \(index)")
  }

  deinit {
    unsafe free(references)
    budget?.giveBack(Self.bytes(of: count))
  }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Reference> {
    let bytes = unsafe max(count, 1) * MemoryLayout<Reference>.stride
    var memory: UnsafeMutableRawPointer?
    let isLarge = bytes >= 4 << 20
    guard unsafe posix_memalign(&memory, isLarge ? 2 << 20 : 64, bytes) == 0,
      let memory = unsafe memory
    else { fatalError("out of memory: \(bytes) bytes to sort \(count) records") }
    if isLarge { _ = unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
    return unsafe memory.bindMemory(to: Reference.self, capacity: max(count, 1))
  }

  /// Brings the references into key order; records with equal keys keep their order.
  package func sort() {
    guard count > 1 else { return }
    let parts = parts()
    if parts?.count == 1 { return }
    let scratch = unsafe Self.allocate(count)
    defer { unsafe free(scratch) }
    if let parts { return unsafe merge(parts, scratch: scratch) }
    var sorter = unsafe RadixSorter(scratch: scratch)
    unsafe sorter.sort(references, count)
  }

  /// The record at `index` of the present order.
  @inlinable @inline(__always) package func frame(_ index: Int) -> Frame {
    unsafe ReferencedRecords(references: references, count: count)[index]
  }

  /// Where the records end that have the key of the one at `start`. O(records of it).
  func groupEnd(_ start: Int) -> Int {
    let records = unsafe ReferencedRecords(references: references, count: count)
    let key = records[start].key
    let prefix = unsafe references[start].prefix
    var index = start &+ 1
    while index < count, unsafe references[index].prefix == prefix {
      let other = records[index].key
      // The prefix shows all of a short key but its length.
      guard other.count == key.count, key.count <= 8 || other == key else { break }
      index &+= 1
    }
    return index
  }

  /// The first record whose key is not below `key`, in key order. O(log records).
  package func lowerBound(_ key: Bytes) -> Int {
    let prefix = unsafe orderPrefix(key.base, key.count)
    var lower = 0
    var upper = count
    while lower < upper {
      let middle = (lower + upper) / 2
      let other = unsafe references[middle].prefix
      let isBelow =
        other != prefix
        ? other < prefix : unsafe Frame.read(references[middle].frame).key < key
      if isBelow { lower = middle + 1 } else { upper = middle }
    }
    return lower
  }
}
