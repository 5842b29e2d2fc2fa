// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Fabrics
import Glibc
package import Memory
import Synchronization
import Vocabulary

/// The node's memory for blocks that executors read: what is staged, and the runs of results.
///
/// Executors map it and cannot write it. Its memory is reserved before it is used, so that a lack
/// of it is an error and not a signal, and given back when it is not used any more. Behind the
/// memory may lie a file of a disk, at the addresses that follow: what finds no room in memory
/// goes there, and is read in place all the same.
package final class Arena: BlockSource {
  private let memory: BlockArea
  private let disk: BlockArea?
  private let file: ScratchFile?
  let segment: Segment
  /// For executors: opened for reading.
  let reading: Descriptor
  /// The same of the file; nil where there is none.
  let readingFile: Descriptor?

  /// Many staged blocks are small.
  private static let granuleBytes = Limits.pageBytes
  /// Bytes that are left to the rest of the machine.
  private static let reserveBytes: UInt64 = 64 << 20

  /// `byteCount`: of memory. `scratch`: the directory of the file, where there is to be one.
  package init(byteCount: Int, scratch: String? = nil) throws(FabricError) {
    let unit = Limits.blockBytes
    let memoryFile = try MemoryFile.sparse(
      "mapred-arena", byteCount: (byteCount + unit - 1) / unit * unit)
    let number = memoryFile.descriptor.number
    let file = scratch.map { ScratchFile(in: $0) }
    let room = file.flatMap { Self.room(in: $0, memoryBytes: memoryFile.byteCount) }
    let mapped =
      if let room {
        Segment(
          mapping: number, byteCount: memoryFile.byteCount, isWritable: true, then: room.descriptor,
          fileBytes: room.byteCount)
      } else {
        Segment(mapping: number, byteCount: memoryFile.byteCount, isWritable: true)
      }
    guard let mapped else { throw .system("cannot map the memory for blocks", errno) }
    reading = try Self.reading(number)
    readingFile = if let room { try Self.reading(room.descriptor) } else { nil }
    segment = mapped
    self.file = file
    memory = Self.memoryArea(mapped, memoryFile)
    disk =
      if let file, room != nil { Self.fileArea(mapped, memoryFile.byteCount, file) } else { nil }
  }

  /// An executor of another user cannot open what it gets once more through /proc, to write.
  private static func reading(_ descriptor: Int32) throws(FabricError) -> Descriptor {
    guard fchmod(descriptor, 0o600) == 0 else {
      throw .system("cannot close the memory for blocks to others", errno)
    }
    let reading = mapred_reopen_for_reading(descriptor)
    guard reading >= 0 else { throw .system("cannot open the memory for blocks again", errno) }
    return Descriptor(reading)
  }

  private static func memoryArea(_ segment: Segment, _ file: MemoryFile) -> BlockArea {
    let allowance = Allowance()
    return BlockArea(
      segment, to: file.byteCount, granuleBytes: granuleBytes,
      backing: BlockArea.Backing(
        spareBytes: min(Limits.queuedBytes, file.byteCount / 8),
        reserve: { range in
          guard allowance.take(range.count, keeping: reserveBytes) else { return false }
          var failure: Int32 = EINTR
          while failure == EINTR {
            failure = posix_fallocate(file.descriptor.number, range.lowerBound, range.count)
          }
          return failure == 0
        },
        release: { range in
          mapred_give_back(file.descriptor.number, Int64(range.lowerBound), Int64(range.count))
        }))
  }

  private static func fileArea(
    _ segment: Segment, _ start: Int, _ file: ScratchFile
  ) -> BlockArea {
    BlockArea(
      segment, from: start, granuleBytes: granuleBytes,
      backing: BlockArea.Backing(
        spareBytes: Limits.slabBytes,
        reserve: { range in
          // Of an earlier try, that has nothing to do with this one.
          _ = file.takeFailure()
          return file.reserve(range.lowerBound - start..<range.upperBound - start)
        },
        release: { file.release($0.lowerBound - start..<$0.upperBound - start) },
        write: { file.write($0, at: $1 - start) }))
  }

  /// How large the file may become: addresses for it are taken at once, and room on the disk when
  /// it is needed. Nil where there can be none; `file` says why.
  private static func room(
    in file: ScratchFile, memoryBytes: Int
  ) -> (descriptor: Int32, byteCount: Int)? {
    var system = statvfs()
    var limit = rlimit()
    guard let descriptor = file.descriptor, unsafe fstatvfs(descriptor, &system) == 0,
      unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0
    else { return nil }
    let disk = Int(clamping: UInt64(system.f_blocks) * UInt64(system.f_frsize))
    // What is free and what is not takes a ten thousandth of it in memory.
    let most = max(fileBytesMaximum, 128 * memoryBytes)
    let byteCount =
      min(disk, most, Int(clamping: limit.rlim_cur)) / Limits.slabBytes
      * Limits.slabBytes
    guard byteCount > 0, ftruncate(descriptor, byteCount) == 0 else { return nil }
    return (descriptor, byteCount)
  }

  /// Of the file, where memory is little.
  private static let fileBytesMaximum = 64 << 30

  package func block(copying bytes: Bytes, records: Int) -> Block? {
    memory.block(copying: bytes, records: records)
      ?? disk?.block(copying: bytes, records: records)
  }

  package var failure: ScratchFile.Failure? { file?.failure }

  /// Where a block lies in it; nil where it lies elsewhere.
  func offset(of block: Block) -> Int? { block.offset(in: segment) }

  /// Bytes of all blocks in memory.
  package var takenBytes: Int { memory.takenBytes }
  package var byteCount: Int { memory.byteCount }
  /// Bytes of all blocks in the file.
  package var fileBytes: Int { disk?.takenBytes ?? 0 }
}

/// How much memory may be reserved before it is looked again how much there is: where the limit of
/// a control group is passed, the system kills instead of refusing.
private final class Allowance: Sendable {
  private let left = Mutex(0)
  private static let stepBytes = 32 << 20

  func take(_ bytes: Int, keeping reserve: UInt64) -> Bool {
    left.withLock { left in
      if left < bytes {
        let step = max(Self.stepBytes, bytes)
        if let limit = MemoryAtHand.tightest(), limit.bytes < UInt64(step) + reserve {
          return false
        }
        left = step
      }
      left -= bytes
      return true
    }
  }
}
