// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// The runs of a step's partitions that one shard holds: what is kept, transferred and lost as one.
package struct ShardRuns: Hashable, Sendable {
  package let step: StepID
  package let shard: Int

  package init(step: StepID, shard: Int) {
    self.step = step
    self.shard = shard
  }
}

/// A step whose runs are needed.
package struct LiveStep: Hashable, Sendable {
  package let step: StepID
  package let partitions: Int

  package init(step: StepID, partitions: Int) {
    self.step = step
    self.partitions = partitions
  }
}

/// Which shard holds which partitions: partition p lies in shard p modulo the number of shards.
package struct ShardMap: Hashable, Sendable {
  package let shards: Int

  package init(shards: Int) {
    precondition(shards >= 1, "partitions lie in shards")
    self.shards = shards
  }

  package func shard(of partition: Int) -> Int { partition % shards }

  /// The partitions of a shard, of `count` in all.
  package func partitions(of shard: Int, count: Int) -> StrideTo<Int> {
    stride(from: shard, to: count, by: shards)
  }
}

extension ByteBuffer {
  package mutating func append(_ runs: ShardRuns) {
    appendVarint(runs.step.number)
    appendVarint(UInt64(runs.shard))
  }
}

extension ByteReader {
  package mutating func shardRuns() throws(Damaged) -> ShardRuns {
    let step = StepID(try varint())
    return ShardRuns(step: step, shard: try number())
  }
}
