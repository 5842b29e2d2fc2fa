// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Memory
import Synchronization
import Vocabulary

/// A member's segment as one process sees it, with what a fence needs to detach it.
@safe
final class SharedSegment {
  // Safe because the two mappings are made here, are as large as they say, and live as long as the
  // segment, which is what hands out the memory.
  let segment: Segment
  /// The memory file: kept open, so that an inspector finds it by its name.
  private let file: MemoryFile
  private let plan: SegmentPlan
  private let base: UnsafeMutableRawPointer
  /// Address space for the copy that a fence makes of a peer's segment; nil for the own one.
  private let reserve: UnsafeMutableRawPointer?
  private let held: [Region]
  private var isDetached = false

  /// How often cells are looked at, at most, until two looks agree.
  private static let looksMaximum = 10_000

  /// Maps the own segment to be written, and refuses writing by anybody else.
  init(own file: MemoryFile, plan: SegmentPlan) throws(FabricError) {
    self.file = file
    self.plan = plan
    held = plan.regions
    unsafe reserve = nil
    unsafe base = try Self.map(
      nil, file.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor.number)
    // A kernel before 5.1 does not know this seal: peers still map read-only.
    _ = mapred_seal_writers(file.descriptor.number)
    segment = unsafe Self.segment(base, file.byteCount, plan.byteCount, isWritable: true)
  }

  /// Maps a peer's segment to be read: the regions that `rank` holds; zeroes stand for the others.
  init(peer file: MemoryFile, plan: SegmentPlan, heldBy rank: Rank) throws(FabricError) {
    self.file = file
    self.plan = plan
    held = plan.regions.filter { $0.holders.contains(rank) }
    let whole = unsafe try Self.anonymous(file.byteCount, PROT_READ)
    unsafe base = whole
    segment = unsafe Self.segment(base, file.byteCount, plan.byteCount, isWritable: false)
    unsafe reserve = try Self.anonymous(file.byteCount, PROT_READ | PROT_WRITE)
    for region in held where region.byteCount > 0 {
      _ = unsafe try Self.map(
        base + region.offset, region.byteCount, PROT_READ, MAP_SHARED | MAP_FIXED,
        file.descriptor.number, region.offset)
    }
  }

  deinit {
    if let reserve = unsafe reserve, !isDetached { unsafe munmap(reserve, file.byteCount) }
  }

  private static func segment(
    _ base: UnsafeMutableRawPointer, _ mapped: Int, _ byteCount: Int, isWritable: Bool
  ) -> Segment {
    let address = UInt(bitPattern: base)
    return unsafe Segment(base, byteCount: byteCount, isWritable: isWritable) {
      if let base = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe munmap(base, mapped)
      }
    }
  }

  private static func anonymous(
    _ byteCount: Int, _ access: Int32
  ) throws(FabricError) -> UnsafeMutableRawPointer {
    unsafe try map(nil, byteCount, access, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)
  }

  private static func map(
    _ place: UnsafeMutableRawPointer?, _ byteCount: Int, _ access: Int32, _ flags: Int32,
    _ descriptor: Int32, _ offset: Int = 0
  ) throws(FabricError) -> UnsafeMutableRawPointer {
    guard let base = unsafe mmap(place, byteCount, access, flags, descriptor, offset),
      unsafe base != MAP_FAILED
    else {
      throw FabricError(
        .memory, "cannot map \(ByteCount(byteCount)) of a segment: \(FabricError.words(errno))",
        advice: "raise the limit of address space (ulimit -v), or use smaller rings")
    }
    return unsafe base
  }

  /// From now on the memory is this process's own: what the owner of a peer's segment writes is not
  /// seen here, and what is written into the own segment is seen by nobody else.
  ///
  /// The own segment costs nothing, a peer's is copied. Its cells are copied as they were at one
  /// moment, before its payload: whatever they publish is there.
  func detach() {
    guard !isDetached else { return }
    isDetached = true
    guard let copy = unsafe reserve else {
      let flags = MAP_PRIVATE | MAP_FIXED
      let made = unsafe mmap(
        base, file.byteCount, PROT_READ | PROT_WRITE, flags, file.descriptor.number, 0)
      precondition(unsafe made == base, "a mapping can be made private")
      return
    }
    let cells = held.filter { $0.kind == .cells }
    for _ in 0..<Self.looksMaximum {
      if unsafe !Self.copyCells(cells, from: segment.view, to: copy) { break }
    }
    for region in held where region.kind == .payload {
      unsafe copyBytes(copy + region.offset, base + region.offset, region.byteCount)
    }
    unsafe mprotect(copy, file.byteCount, PROT_READ)
    let moved = unsafe mapred_move_mapping(copy, file.byteCount, base)
    precondition(moved == 0, "a mapping can be moved")
  }

  /// Copies all cells of some regions; true where one differs from what was copied before.
  private static func copyCells(
    _ regions: [Region], from view: SegmentView, to copy: UnsafeMutableRawPointer
  ) -> Bool {
    var differs = false
    for region in regions {
      var offset = region.offset
      while offset < region.offset + region.byteCount {
        let value = view.load(offset)
        let before = unsafe copy.load(fromByteOffset: offset, as: UInt64.self)
        if value != before {
          unsafe copy.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
          differs = true
        }
        offset += 8
      }
    }
    return differs
  }
}
