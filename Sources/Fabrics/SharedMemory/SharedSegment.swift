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
  // Safe because the mappings are made here, are as large as they say, and live as long as the
  // segment, which is what hands out the memory.
  let segment: Segment
  /// The memory file: kept open, so that an inspector finds it by its name.
  private let file: MemoryFile
  private let plan: SegmentPlan
  private let base: UnsafeMutableRawPointer
  private let isOwn: Bool
  /// A peer's regions of cells, each with memory of its size for the copy that a fence makes.
  @safe private struct Cells {
    // Safe as the segment is: made here, of the region's size.
    let region: Region
    let copy: UnsafeMutableRawPointer
  }
  private let cells: [Cells]
  private var isDetached = false

  /// How often cells are looked at without a pause until two looks agree.
  private static let looksAtOnce = 100
  /// How long a fence goes on looking. Only an owner that stores all the time and never pushes to
  /// this member makes it take so long.
  private static let lookNanoseconds: UInt64 = 100_000_000

  /// Maps the own segment to be written, and refuses writing by anybody else.
  init(own file: MemoryFile, plan: SegmentPlan) throws(FabricError) {
    self.file = file
    self.plan = plan
    isOwn = true
    cells = []
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
    isOwn = false
    let held = plan.regions.filter { $0.holders.contains(rank) && $0.byteCount > 0 }
    let whole = unsafe try Self.anonymous(file.byteCount, PROT_READ)
    unsafe base = whole
    segment = unsafe Self.segment(base, file.byteCount, plan.byteCount, isWritable: false)
    var cells: [Cells] = []
    for region in held where region.kind == .cells {
      let copy = unsafe try Self.anonymous(region.byteCount, PROT_READ | PROT_WRITE)
      unsafe cells.append(Cells(region: region, copy: copy))
    }
    self.cells = cells
    for region in held {
      _ = unsafe try Self.map(
        base + region.offset, region.byteCount, PROT_READ, MAP_SHARED | MAP_FIXED,
        file.descriptor.number, region.offset)
    }
  }

  deinit {
    // A fence moves the copies to the segment's place.
    if !isDetached { for part in cells { unsafe munmap(part.copy, part.region.byteCount) } }
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
        .memory, "cannot map \(ByteCount(byteCount)) of a segment: \(errorText(errno))",
        advice: "raise the limit of address space (ulimit -v), or use smaller rings")
    }
    return unsafe base
  }

  /// From now on the cells are this process's own: what the owner of a peer's segment stores is not
  /// seen here, and what is written into the own segment is seen by nobody else.
  ///
  /// The own segment costs nothing; of a peer's, cells are copied as they were at one moment: that
  /// between two looks that agree. Where they do not within `lookNanoseconds`, each cell is still
  /// one that the owner stored, but a cell may be newer than one that was pushed before it.
  /// Payload stays in place, whatever its size: what these cells publish is left alone by its owner
  /// until a cell of this member lets it go, and that one no longer moves.
  func detach() {
    guard !isDetached else { return }
    isDetached = true
    if isOwn {
      let flags = MAP_PRIVATE | MAP_FIXED
      let made = unsafe mmap(
        base, file.byteCount, PROT_READ | PROT_WRITE, flags, file.descriptor.number, 0)
      precondition(unsafe made == base, "a mapping can be made private")
      return
    }
    copyCells()
    for part in cells {
      let count = part.region.byteCount
      unsafe mprotect(part.copy, count, PROT_READ)
      let moved = unsafe mapred_move_mapping(part.copy, count, base + part.region.offset)
      precondition(moved == 0, "a mapping can be moved")
    }
  }

  /// Copies all cells until a look finds nothing that is not in the copy.
  private func copyCells() {
    let deadline = monotonicNanoseconds() &+ Self.lookNanoseconds
    var looks = 0
    while lookAtCells() {
      looks += 1
      guard looks >= Self.looksAtOnce else { continue }
      guard monotonicNanoseconds() < deadline else { return }
      // The owner may wait for this processor, to come to where it stands still.
      sched_yield()
    }
  }

  /// Copies all cells once; true where one differs from what was copied before.
  private func lookAtCells() -> Bool {
    // Cells stay as they were between two looks, not inside of one.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    var differs = false
    for part in cells {
      let source = unsafe UnsafeRawPointer(base + part.region.offset)
      if unsafe mapred_copy_cells(part.copy, source, part.region.byteCount / 8) != 0 {
        differs = true
      }
    }
    return differs
  }
}
