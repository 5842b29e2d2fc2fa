// SPDX-License-Identifier: Apache-2.0

/// Every limit of the engine, in one place, with the arithmetic that relates them.
@usableFromInline package enum Limits {
  /// The most bytes of one key or one record: lengths are 32-bit in tables and frames.
  @inlinable package static var recordBytes: Int { 0xFFFF_FF00 }

  /// Bytes of a block in memory. A split of `splitBytesMaximum` leaves at most one half-full
  /// block in every partition: 32 × 32 KiB = 1 MiB, a sixteenth of the split.
  package static let blockBytes = 64 << 10

  /// Bytes of records that are moved out of a block, which is written again: to copy them costs
  /// less than to touch another block for the first time.
  package static let fewBytes = blockBytes / 8

  /// Bytes of a slab from which blocks are cut.
  package static let slabBytes = 4 << 20

  /// Bytes of an output chunk and so of a block in a result file, before compression: the knee of
  /// LZ4's throughput.
  package static let outputChunkBytes = 256 << 10

  /// The same for text that is compressed, of which each chunk is a frame: frames of 256 KiB
  /// were measured to make zstd files of words a quarter larger than one frame, those of 1 MiB a
  /// twentieth.
  package static let compressedChunkBytes = 1 << 20

  /// The most files of one result: their names have five digits.
  package static let outputFiles = 100_000

  /// Partitions of a shuffle. Fixed, so that results depend on the input alone, not on the
  /// machine; it bounds how many threads can fold at once.
  @inlinable package static var partitions: Int { 32 }

  /// Keys in a map task's combine table. 16,384 keys in 32,768 slots of 24 bytes are 768 KiB,
  /// and with their bytes the table stays inside a core's second-level cache.
  @inlinable package static var combineKeys: Int { 16 << 10 }

  /// Keys after which a map task first looks whether they repeat enough for its table to save
  /// pairs. Of 1024 keys out of 40,000 about a dozen repeat: enough to tell.
  @inlinable package static var combineFirstLook: Int { 1 << 10 }

  /// Where they do not, so many times as many pairs go past the table until it is tried again: at
  /// most a seventeenth of them go into it in vain.
  @inlinable package static var combineBypass: Int { 16 }

  /// Records in a batch of emissions: as many cache lines as are asked for ahead of use.
  @inlinable package static var emitBatch: Int { 64 }

  /// Elements that go from one operator to the next at once: what a call costs is little for each
  /// of them, and a batch of views (16 bytes each) is a sixteenth of a core's nearest cache.
  @inlinable package static var batchElements: Int { 128 }

  /// Bytes of a partition's blocks that are worth to be folded while there are splits to map: the
  /// partition's table has left the cache since, and the first pairs have to bring it back.
  package static let foldBytes = 8 * blockBytes

  /// Bytes of blocks that wait to be folded before mapping pauses; nodes keep memory for as many.
  package static let queuedBytes = 64 << 20

  /// Bytes of input in a split: enough to keep threads busy, few enough to share them evenly.
  package static let splitBytesMinimum = 256 << 10
  package static let splitBytesMaximum = 16 << 20

  /// Stages of a plan, which are told to all nodes and kept by the coordinators while it runs:
  /// about 200 bytes each, less than a letter.
  package static let stages = 4096

  /// Bytes of a compressed file between the frames at which it may be cut: expanded, some MiB, so
  /// that 100,000 offsets are enough for 100 GB.
  package static let frameSpacing = 1 << 20

  /// Splits that values and the records of an earlier stage are cut into.
  package static let splitsWanted = 64

  /// Bytes that a reader asks the file for at a time; a longer line makes its buffer grow.
  package static let readBytes = 256 << 10

  /// The most bytes of a row of separated text, or of a record of a fixed size. A quote that is
  /// never closed makes one row of all that follows: it is told before it fills the memory.
  package static let rowBytes = 64 << 20

  /// Bytes at the beginning of a split whose keys are sampled before a sort.
  package static let sampleBytes = 16 << 10

  /// The same for inputs that are not bytes: values or records at the beginning of a split.
  package static let sampleRecords = 64

  /// The most worker threads of one process.
  package static let threads = 1024

  /// Members of a group: a set of ranks is one machine word, and a frontier reads one row each.
  @inlinable package static var members: Int { 64 }

  /// Shards of a cluster: each is a subgroup, and each member looks at all of them in each turn.
  @inlinable package static var shards: Int { 64 }

  /// Steps that are under way at a time, of different jobs.
  package static let lanes = 4

  /// Bytes of a name that people give: of a node, a cluster, an entry.
  package static let nameBytes = 200

  /// Clients whose last answers a replicated state keeps.
  package static let sessions = 10_000

  /// Answers that are kept for one client until it acknowledges them.
  package static let sessionCommands = 256

  /// Bytes of a letter from node to node. The largest says who all members of a view are:
  /// 64 members and 66 subgroups in less than 128 KiB.
  package static let letterBytes = 1 << 20

  /// Bytes between counters that different members write or read: two cache lines, because the
  /// processor fetches lines in pairs.
  package static let lineBytes = 128

  /// Bytes that regions of a segment are aligned to: a page.
  package static let pageBytes = 4096

  /// The most bytes of one multicast message.
  package static let messageBytes = 1 << 30

  /// Messages of one sender that can be under way: what is believed of a peer's counter, no more.
  package static let window = 1 << 20

  /// Bytes that large messages and their blocks are aligned to: a cache line.
  package static let blockAlignment = 64

  /// Keys of records that are shown where an error names its record.
  package static let shownRecordBytes = 120

  /// Records of a partition that are taken from an aligned stage's input at a time.
  package static let alignedRecords = 64 << 10

  /// Bytes of a record that a dead letter shows; what is longer is cut.
  package static let deadLetterBytes = 64 << 10

  /// Asserts how the limits relate; called once by the engine.
  package static func check() {
    precondition(slabBytes % blockBytes == 0, "slabs are cut into whole blocks")
    precondition(partitions & (partitions - 1) == 0, "a partition is some bits of a hash")
    precondition(combineFirstLook > emitBatch, "a combine table takes a whole batch")
    precondition(combineFirstLook <= combineKeys, "a first look is at a part of the table")
    precondition(stages * 256 <= letterBytes, "a plan is told at once")
    precondition(members <= UInt64.bitWidth, "a set of ranks is one machine word")
    precondition(pageBytes % lineBytes == 0, "a page holds whole lines")
    precondition(splitBytesMinimum <= splitBytesMaximum, "splits have a size")
    precondition(
      partitions * blockBytes <= splitBytesMaximum / 4,
      "half-full blocks of a split are a small part of it")
  }
}
