// SPDX-License-Identifier: Apache-2.0
import CSystem
package import Fabrics
import Glibc
package import Memory
import Vocabulary

/// The node's memory for blocks that executors read: what is staged, and the runs of results.
///
/// Executors map it and cannot write it. Its memory is reserved before it is used, so that a lack of
/// it is an error and not a signal; what was used once is used again.
package final class Arena: BlockSource {
  private let blocks: BlockArea
  let segment: Segment
  /// For executors: opened for reading.
  let reading: Descriptor

  /// Many staged blocks are small.
  private static let granuleBytes = Limits.pageBytes
  private static let stepBytes = 16 << 20

  package init(byteCount: Int) throws(FabricError) {
    let file = try MemoryFile.sparse("mapred-arena", byteCount: byteCount)
    guard
      let segment = Segment(
        mapping: file.descriptor.number, byteCount: file.byteCount, isWritable: true)
    else { throw .system("cannot map the memory for blocks", errno) }
    // From now on nobody else can write, whatever it opens.
    _ = mapred_seal_writers(file.descriptor.number)
    let reading = mapred_reopen_for_reading(file.descriptor.number)
    guard reading >= 0 else { throw .system("cannot open the memory for blocks again", errno) }
    self.segment = segment
    self.reading = Descriptor(reading)
    blocks = BlockArea(segment, granuleBytes: Self.granuleBytes, step: Self.stepBytes) { range in
      var failure: Int32 = EINTR
      while failure == EINTR {
        failure = posix_fallocate(file.descriptor.number, range.lowerBound, range.count)
      }
      return failure == 0
    }
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
