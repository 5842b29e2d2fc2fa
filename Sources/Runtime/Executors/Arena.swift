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
/// of it is an error and not a signal, and given back when it is not used any more.
package final class Arena: BlockSource {
  private let blocks: BlockArea
  let segment: Segment
  /// For executors: opened for reading.
  let reading: Descriptor

  /// Many staged blocks are small.
  private static let granuleBytes = Limits.pageBytes
  /// Bytes that are left to the rest of the machine.
  private static let reserveBytes: UInt64 = 64 << 20

  package init(byteCount: Int) throws(FabricError) {
    let file = try MemoryFile.sparse("mapred-arena", byteCount: byteCount)
    guard
      let segment = Segment(
        mapping: file.descriptor.number, byteCount: file.byteCount, isWritable: true)
    else { throw .system("cannot map the memory for blocks", errno) }
    // An executor of another user cannot open it once more through /proc, to write.
    guard fchmod(file.descriptor.number, 0o600) == 0 else {
      throw .system("cannot close the memory for blocks to others", errno)
    }
    let reading = mapred_reopen_for_reading(file.descriptor.number)
    guard reading >= 0 else { throw .system("cannot open the memory for blocks again", errno) }
    self.segment = segment
    self.reading = Descriptor(reading)
    let allowance = Allowance()
    blocks = BlockArea(
      segment, granuleBytes: Self.granuleBytes,
      backing: BlockArea.Backing(
        spareBytes: min(Limits.queuedBytes, byteCount / 8),
        reserve: { range in
          guard allowance.take(range.count, keeping: Self.reserveBytes) else { return false }
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

  package func block(copying bytes: Bytes, records: Int) -> Block? {
    blocks.block(copying: bytes, records: records)
  }

  /// Where a block lies in it; nil where it lies elsewhere.
  func offset(of block: Block) -> Int? { block.offset(in: segment) }

  /// Bytes of all blocks that there are.
  package var takenBytes: Int { blocks.takenBytes }
  package var byteCount: Int { blocks.byteCount }
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
