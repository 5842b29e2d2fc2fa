// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Memory

/// A member's segment as this process holds it: memory of its own, zeroes until something comes.
/// Pages that nothing is written to take no memory.
struct MemberCopy: Sendable {
  /// For the fabric, which puts into it what comes.
  let writable: Segment
  /// For everybody else: another member's segment is only read.
  let shown: Segment

  init(_ plan: SegmentPlan, isOwn: Bool) throws(FabricError) {
    let size = max(plan.byteCount, 1)
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      throw FabricError(
        .memory, "cannot map \(size) bytes for a segment: \(errorText(errno))",
        advice: "use smaller windows or fewer members, or raise the limit: ulimit -v")
    }
    let address = UInt(bitPattern: memory)
    let writable = unsafe Segment(memory, byteCount: size, isWritable: true) {
      if let memory = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe munmap(memory, size)
      }
    }
    self.writable = writable
    // Held by the view for as long as the view is.
    shown =
      isOwn
      ? writable
      : unsafe Segment(memory, byteCount: size, isWritable: false) { _ = writable }
  }
}
