// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Vocabulary

/// Memory behind a descriptor that can be handed to other processes. Its size is fixed for ever, so
/// that no reader can be made to touch what is not there, and all of it is reserved, so that a lack
/// of memory is an error now and not a signal later. It does not depend on the size of /dev/shm.
package final class MemoryFile: Sendable {
  package let descriptor: Descriptor
  package let byteCount: Int

  /// What every segment's name begins with; rank and group follow.
  static let segmentName = "mapred-segment"

  private init(_ descriptor: Descriptor, byteCount: Int) {
    self.descriptor = descriptor
    self.byteCount = byteCount
  }

  /// How much is reserved at a time: some milliseconds' worth.
  private static let pieceBytes = 16 << 20

  /// Makes and reserves memory, all zeroes. `goOn` throws where that is no longer wanted.
  static func create(
    _ name: String, byteCount wanted: Int, goOn: () throws(FabricError) -> Void = {}
  ) throws(FabricError) -> MemoryFile {
    let byteCount = max(wanted, Limits.pageBytes)
    let descriptor = try open(name, byteCount)
    try checkRoom(for: byteCount)
    for start in stride(from: 0, to: byteCount, by: pieceBytes) {
      try goOn()
      let count = min(pieceBytes, byteCount - start)
      var failure: Int32 = EINTR
      while failure == EINTR { failure = posix_fallocate(descriptor.number, start, count) }
      guard failure == 0 else { throw tooLittle(byteCount, errorText(failure)) }
    }
    return try fixed(descriptor, byteCount)
  }

  /// Makes memory, all zeroes, of which pages are taken only where something is written: for copies
  /// that no other process maps but an inspector.
  package static func sparse(
    _ name: String, byteCount wanted: Int
  ) throws(FabricError) -> MemoryFile {
    let byteCount = max(wanted, Limits.pageBytes)
    let descriptor = try open(name, byteCount)
    guard ftruncate(descriptor.number, byteCount) == 0 else {
      throw tooLittle(byteCount, errorText(errno))
    }
    return try fixed(descriptor, byteCount)
  }

  /// The name of the memory file of a segment, or of a copy of it.
  static func name(of owner: Rank, in plan: GroupPlan) -> String {
    "\(segmentName).\(String(plan.fingerprint, radix: 16)).\(owner.index)"
  }

  private static func open(_ name: String, _ byteCount: Int) throws(FabricError) -> Descriptor {
    try checkLimit(for: byteCount)
    let number = unsafe mapred_memory_file(name)
    guard number >= 0 else {
      throw .system(
        "cannot make a memory file", errno,
        advice: errno == EMFILE ? "raise the number of open files: ulimit -n" : nil)
    }
    return Descriptor(number)
  }

  private static func fixed(
    _ descriptor: Descriptor, _ byteCount: Int
  ) throws(FabricError) -> MemoryFile {
    guard mapred_seal_size(descriptor.number) == 0 else {
      throw .system("cannot fix the size of a memory file", errno)
    }
    return MemoryFile(descriptor, byteCount: byteCount)
  }

  /// A memory file that somebody else made; nil where its size is another one or can still change.
  static func received(_ descriptor: Descriptor, byteCount wanted: Int) -> MemoryFile? {
    let byteCount = max(wanted, Limits.pageBytes)
    var status = stat()
    guard unsafe fstat(descriptor.number, &status) == 0, status.st_size == byteCount,
      mapred_has_fixed_size(descriptor.number) == 1
    else { return nil }
    return MemoryFile(descriptor, byteCount: byteCount)
  }

  /// Looks at the limit that would not make a call fail, but end the process.
  private static func checkLimit(for byteCount: Int) throws(FabricError) {
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
      limit.rlim_cur < byteCount
    {
      throw FabricError(
        .memory,
        "a segment of \(size(byteCount)) is larger than the limit of \(size(limit.rlim_cur)) for "
          + "files, which memory files count as",
        advice: "raise it (ulimit -f), or use smaller rings or fewer subgroups")
    }
  }

  /// Looks at the memory whose lack would not make the reservation fail, but end some process.
  private static func checkRoom(for byteCount: Int) throws(FabricError) {
    if let tightest = MemoryAtHand.tightest(), tightest.bytes < byteCount {
      throw tooLittle(byteCount, "\(size(tightest.bytes)) are left of \(tightest.name)")
    }
  }

  private static func tooLittle(_ byteCount: Int, _ reason: String) -> FabricError {
    FabricError(
      .memory, "cannot reserve \(size(byteCount)) of memory for a segment: \(reason)",
      advice: "use smaller rings or fewer members on this machine, or give it more memory")
  }

  private static func size(_ bytes: some BinaryInteger) -> String {
    ByteCount(Int(clamping: bytes)).description
  }
}
