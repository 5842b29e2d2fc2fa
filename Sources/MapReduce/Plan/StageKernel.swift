// SPDX-License-Identifier: Apache-2.0
public import Memory
import Vocabulary

/// The typed work of a stage behind a border of bytes.
///
/// The closures are made where the types are known, inside the module that holds the job's own
/// closures, and are called once for each chunk, block or partition: never for each record.
@usableFromInline struct StageKernel: Sendable {
  @usableFromInline enum Partitioning: Sendable {
    /// By a stable hash of the key.
    case hash
    /// By ranges of the key, cut at sampled splitters.
    case range
    /// All in one, in the order of the splits.
    case single
    /// One after the other, whatever the key.
    case spread
    /// By a hash of what a partitioner makes of the key.
    case chosen
  }

  @usableFromInline let partitioning: Partitioning
  /// The map side; called once for each worker thread.
  @usableFromInline let makeMapper: @Sendable (MapContext) -> Mapper
  /// The reduce side; called once for each partition.
  @usableFromInline let makeFolder: @Sendable (FoldContext) -> Folder
  /// Collects the sort keys of a chunk, where partitions are ranges.
  @usableFromInline let sample: (@Sendable (Chunk, MapContext, inout [[UInt8]]) throws -> Void)?
  /// How records lie that the stage has put there.
  @usableFromInline let layout: Layout?

  @inlinable init(
    _ partitioning: Partitioning, layout: Layout? = nil,
    makeMapper: @escaping @Sendable (MapContext) -> Mapper,
    makeFolder: @escaping @Sendable (FoldContext) -> Folder,
    sample: (@Sendable (Chunk, MapContext, inout [[UInt8]]) throws -> Void)? = nil
  ) {
    self.partitioning = partitioning
    self.layout = layout ?? (partitioning == .hash ? .byHash : nil)
    self.makeMapper = makeMapper
    self.makeFolder = makeFolder
    self.sample = sample
  }
}

/// Maps the chunks of one split after the other.
@usableFromInline struct Mapper {
  /// Maps one chunk; returns how many input records it held.
  @usableFromInline let map: (Chunk) throws -> Int
  /// Writes out what is still held back of the split.
  @usableFromInline let finishSplit: () throws -> Void

  @inlinable init(
    map: @escaping (Chunk) throws -> Int, finishSplit: @escaping () throws -> Void
  ) {
    self.map = map
    self.finishSplit = finishSplit
  }
}

extension Mapper {
  /// Maps chunks by emitting their pairs into `box`.
  @inlinable @inline(__always)
  init<K: Key, V: Record>(
    emitting emitInto: @escaping @Sendable (Chunk, inout Emitter<K, V>) throws -> Int,
    into box: HeapCell<Emitter<K, V>>, finishSplit: @escaping () throws -> Void = {}
  ) {
    self.init(
      map: { chunk in
        box.value.window = chunk.window
        let records = try emitInto(chunk, &box.value)
        try box.value.finishChunk()
        return records
      },
      finishSplit: finishSplit)
  }
}

extension Mapper {
  /// Maps the records of an earlier stage by their bytes.
  @inlinable init(stored record: @escaping (Frame) -> Void) {
    self.init(map: { chunk in try forEachRecord(chunk, record) }, finishSplit: {})
  }
}

/// Folds the blocks of one partition, in the order of the splits.
@usableFromInline struct Folder {
  @usableFromInline let fold: (Block) throws -> Void
  /// Makes the partition's result.
  @usableFromInline let finish: () throws -> Run

  @inlinable init(
    fold: @escaping (Block) throws -> Void, finish: @escaping () throws -> Run
  ) {
    self.fold = fold
    self.finish = finish
  }
}

/// What a mapper works with: where its records go.
@usableFromInline final class MapContext {
  @usableFromInline let writer: PartitionWriter
  /// Secret: table slots cannot be aimed at.
  @usableFromInline let tableSeed: UInt64
  @usableFromInline let splitters: Splitters?
  /// Where keys and values are encoded before they are appended.
  @usableFromInline let key = HeapCell(RecordWriter())
  @usableFromInline let value = HeapCell(RecordWriter())
  @usableFromInline let partitionMask: UInt64

  init(writer: PartitionWriter, tableSeed: UInt64, splitters: Splitters?) {
    self.writer = writer
    self.tableSeed = tableSeed
    self.splitters = splitters
    partitionMask = UInt64(writer.partitions - 1)
  }

  /// Appends a record to the partition that the stable hash of its key names.
  @inlinable @inline(__always)
  func write<V: Record>(_ key: Bytes, _ record: V) {
    value.value.removeAll()
    record.encode(into: &value.value)
    let partition = stablePartition(key, mask: partitionMask)
    writer.append(key: key, value: value.value.bytes, partition: partition)
  }
}

extension MapContext {
  /// The same for a record that is encoded already.
  @inlinable @inline(__always)
  func write(_ key: Bytes, encoded value: Bytes) {
    writer.append(
      key: key, value: value, partition: stablePartition(key, mask: partitionMask))
  }
}

/// What a folder works with.
@usableFromInline struct FoldContext {
  @usableFromInline let pool: BlockPool
  @usableFromInline let tableSeed: UInt64
  /// To be called now and then by what takes long; throws where the work is not wanted any more.
  @usableFromInline let progress: () throws -> Void
}
