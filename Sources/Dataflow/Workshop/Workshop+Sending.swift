// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// What a node sends for jobs. It asks at every turn, so that nothing here is generic, and nothing
/// is done where nothing waits.
extension Workshop {
  /// The next message to all members, where all have delivered this member's first `delivered`
  /// turns; nil where none waits.
  package mutating func nextMessage(delivered: UInt64) -> ControlMessage? {
    if messages.isEmpty { return nil }
    _ = messages.takeDelivered(delivered)
    return messages.next(0).items.first
  }

  /// The message went out in a turn of its sender.
  package mutating func messageSent(turn: UInt64) { messages.markSent(1, turn: turn) }

  /// The message is dropped.
  package mutating func dropMessage() { messages.dropNext() }

  /// The next parcels for a shard that go out as one message of at most `byteMaximum` bytes, where
  /// its replicas have delivered this member's first `delivered` turns; nil where none wait.
  package mutating func nextParcels(
    _ shard: Int, delivered turns: UInt64, atMost byteMaximum: Int
  ) -> (parcels: [ShardParcel], byteCount: Int)? {
    if parcels[shard].isEmpty { return nil }
    let done = parcels[shard].takeDelivered(turns)
    if !done.isEmpty { delivered(done) }
    let next = parcels[shard].next(byteMaximum)
    return next.items.isEmpty ? nil : (next.items, next.byteCount)
  }

  /// The first `count` parcels of a shard went out in a turn of their sender.
  package mutating func parcelsSent(_ shard: Int, _ count: Int, turn: UInt64) {
    parcels[shard].markSent(count, turn: turn)
  }

  /// The view is over, after `turns` turns of this member in the subgroup of all.
  package mutating func endMessages(_ turns: UInt64) {
    _ = messages.endView(turns) { $0.outlivesView }
  }

  /// The same with the subgroup of a shard.
  package mutating func endParcels(_ shard: Int, _ turns: UInt64) {
    delivered(parcels[shard].endView(turns) { _ in true })
  }

  /// Whether executors of this node are at work: then the processor is theirs.
  package var isComputing: Bool { running.contains { $0 != nil } }
}
