// SPDX-License-Identifier: Apache-2.0

/// The radix sort of record references; see `RecordOrder`.
@unsafe struct RadixSorter {
  typealias Reference = RecordOrder.Reference

  private let scratch: UnsafeMutablePointer<Reference>
  /// Groups that are still to be sorted: a stack of our own, so that no input exhausts a thread's.
  private var groups: [Group] = []
  /// Groups whose prefixes were replaced by deeper ones, to be put right at the end.
  private var deepened: [(start: Int, count: Int, prefix: UInt64)] = []

  /// References that agree in all key bytes before `depth` and in the first `shift` bits after it.
  private struct Group {
    var start: Int
    var count: Int
    /// Key bytes before the eight that the prefix holds: a multiple of eight.
    var depth: Int
    /// How far the next radix byte stands above the prefix's lowest bit; negative: none is left.
    var shift: Int
  }

  private static let insertionLimit = 32

  init(scratch: UnsafeMutablePointer<Reference>) { unsafe self.scratch = unsafe scratch }

  mutating func sort(_ references: UnsafeMutablePointer<Reference>, _ count: Int) {
    unsafe groups.append(Group(start: 0, count: count, depth: 0, shift: 56))
    while let group = unsafe groups.popLast() {
      let first = unsafe references + group.start
      if unsafe group.count <= Self.insertionLimit {
        unsafe Self.sortByInsertion(first, group.count, depth: group.depth)
      } else if group.shift < 0 {
        unsafe deepen(group, first)
      } else {
        unsafe distribute(group, first)
      }
    }
    for group in unsafe deepened {
      for index in group.start..<(group.start + group.count) {
        unsafe references[index].prefix = group.prefix
      }
    }
  }

  /// One pass by eight bits: count, place into scratch, copy back, and note the groups.
  private mutating func distribute(_ group: Group, _ first: UnsafeMutablePointer<Reference>) {
    var ends = InlineArray<256, Int>(repeating: 0)
    let shift = UInt64(group.shift)
    for index in 0..<group.count {
      ends[Int(unsafe first[index].prefix &>> shift & 0xFF)] &+= 1
    }
    var sum = 0
    for digit in 0..<256 {
      let size = ends[digit]
      if size == group.count {
        // All agree in this byte: nothing moves.
        let next = unsafe Self.differingByte(first, size, below: group.shift)
        unsafe groups.append(
          Group(start: group.start, count: size, depth: group.depth, shift: next))
        return
      }
      if size > 1 {
        unsafe groups.append(
          Group(
            start: group.start + sum, count: size, depth: group.depth, shift: group.shift - 8))
      }
      ends[digit] = sum
      sum += size
    }
    for index in 0..<group.count {
      let reference = unsafe first[index]
      let digit = Int(unsafe reference.prefix &>> shift & 0xFF)
      unsafe (scratch + ends[digit]).initialize(to: reference)
      ends[digit] &+= 1
    }
    unsafe first.update(from: scratch, count: group.count)
  }

  /// Where the first byte below one stands in which prefixes differ; negative where there is none.
  private static func differingByte(
    _ first: UnsafeMutablePointer<Reference>, _ count: Int, below shift: Int
  ) -> Int {
    let one = unsafe first.pointee.prefix
    var difference: UInt64 = 0
    for index in 1..<count { difference |= unsafe first[index].prefix ^ one }
    difference &= 1 &<< UInt64(shift) &- 1
    return difference == 0 ? -8 : (63 - difference.leadingZeroBitCount) & ~7
  }

  /// The prefixes of a group are all equal. Keys that end within the prefix come first, the shorter
  /// before the longer; the others get their next eight bytes as prefix and are sorted by those.
  private mutating func deepen(_ group: Group, _ first: UnsafeMutablePointer<Reference>) {
    let next = group.depth + 8
    if group.depth == 0 {
      unsafe deepened.append((group.start, group.count, unsafe first.pointee.prefix))
    }
    var placed = 0
    for length in max(0, next - 8)...next {
      for index in 0..<group.count where unsafe Self.key(first[index]).count == length {
        unsafe (scratch + placed).initialize(to: first[index])
        placed += 1
      }
      if placed == group.count { break }
    }
    let ended = placed
    for index in 0..<group.count {
      let key = unsafe Self.key(first[index])
      guard key.count > next else { continue }
      unsafe (scratch + placed).initialize(
        to: Reference(
          prefix: orderPrefix(key.base + next, key.count - next), frame: first[index].frame))
      placed += 1
    }
    unsafe first.update(from: scratch, count: group.count)
    unsafe groups.append(
      Group(
        start: group.start + ended, count: group.count - ended, depth: next, shift: 56))
  }

  private static func sortByInsertion(
    _ first: UnsafeMutablePointer<Reference>, _ count: Int, depth: Int
  ) {
    var index = 1
    while index < count {
      let moving = unsafe first[index]
      var place = index
      while place > 0, unsafe isBelow(moving, first[place &- 1], depth: depth) {
        unsafe first[place] = unsafe first[place &- 1]
        place &-= 1
      }
      unsafe first[place] = unsafe moving
      index &+= 1
    }
  }

  @inline(__always)
  private static func isBelow(_ a: Reference, _ b: Reference, depth: Int) -> Bool {
    let one = unsafe a.prefix
    let other = unsafe b.prefix
    if one != other { return one < other }
    let left = unsafe key(a)
    let right = unsafe key(b)
    // Keys of a group agree in the bytes before `depth`, and all are at least that long. Where both
    // end within the prefix, only their lengths can differ.
    if max(left.count, right.count) <= depth &+ 8 { return left.count < right.count }
    return left[min(depth, left.count)..<left.count] < right[min(depth, right.count)..<right.count]
  }

  @inline(__always) private static func key(_ reference: Reference) -> Bytes {
    unsafe Frame.read(reference.frame).key
  }
}
