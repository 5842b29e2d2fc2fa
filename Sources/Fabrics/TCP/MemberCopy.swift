// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Memory
import Vocabulary

/// A member's segment as this process holds it: memory of its own, zeroes until something comes.
/// Pages that nothing is written to take no memory.
struct MemberCopy: Sendable {
  /// For the fabric, which puts into it what comes.
  let writable: Segment
  /// For everybody else: another member's segment is only read.
  let shown: Segment
  /// Kept open, so that an inspector finds the memory by its name.
  private let file: MemoryFile

  init(of owner: Rank, in plan: GroupPlan, isOwn: Bool) throws(FabricError) {
    let byteCount = plan.segments[owner.index].byteCount
    file = try MemoryFile.sparse(MemoryFile.name(of: owner, in: plan), byteCount: byteCount)
    let size = file.byteCount
    let access = PROT_READ | PROT_WRITE
    let memory = unsafe mmap(nil, size, access, MAP_SHARED, file.descriptor.number, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw FabricError(
        .memory, "cannot map \(size) bytes for a segment: \(errorText(errno))",
        advice: "use smaller windows or fewer members, or raise the limit: ulimit -v")
    }
    let address = UInt(bitPattern: memory)
    let writable = unsafe Segment(memory, byteCount: byteCount, isWritable: true) {
      if let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe munmap(memory, size)
      }
    }
    self.writable = writable
    // Held by the view for as long as the view is.
    shown =
      isOwn
      ? writable
      : unsafe Segment(memory, byteCount: byteCount, isWritable: false) { _ = writable }
  }
}
