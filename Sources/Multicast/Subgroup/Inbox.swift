// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

/// What a receiver knows of one sender: how far it has its messages, and how far it delivered them.
///
/// Two readers walk over the sender's ring. The first goes as far as the sender's tail and finds
/// out what has arrived; the second follows it in the total order and hands out messages in place.
struct Inbox {
  private var arrivals: RingReader
  private var deliveries: RingReader
  /// Messages that the first reader has passed.
  private var parsed: UInt64 = 0
  /// Turns of the sender that the second reader has still to skip.
  private var skips: UInt64 = 0
  private let blockBase: Int
  private let blockBytes: Int
  /// How the sender's blocks come here and go on; nil where they are seen in place.
  private var relay: BlockRelay?

  init(_ layout: SubgroupLayout, sender: Int, segment: SegmentView, relay: BlockRelay?) {
    let plan = layout.plan
    arrivals = RingReader(
      segment: segment, base: layout.smallRings[sender], bytes: plan.smallRingBytes)
    deliveries = arrivals
    blockBase = layout.blockRings[sender]
    blockBytes = plan.blockRingBytes
    self.relay = relay
  }

  /// Messages of the sender that are here without a gap, skipped turns included.
  var received: UInt64 { relay?.firstIncomplete ?? parsed }

  /// Looks at what has arrived up to the sender's `tail`, and passes blocks on.
  mutating func receive(
    upTo tail: UInt64, _ segments: [SegmentView], into pushes: inout Pushes
  ) throws(RingDamage) {
    while let entry = try arrivals.next(before: tail) {
      switch entry {
      case .message: parsed &+= 1
      case .nulls(let turns): parsed &+= UInt64(turns)
      case .blocks(let count):
        let start = try blockStart(arrivals, count)
        relay?.begin(BlockTransfer(start: start, byteCount: count, index: parsed))
        parsed &+= 1
      case .skip: break
      }
      arrivals.pass(entry)
    }
    relay?.step(segments, into: &pushes)
  }

  /// Where the bytes of the large message at the reader's position begin in the sender's segment.
  private func blockStart(_ reader: RingReader, _ count: Int) throws(RingDamage) -> Int {
    let start = reader.segment.word(reader.place &+ 8)
    guard count <= blockBytes, start <= UInt64(blockBytes &- count) else { throw RingDamage() }
    return blockBase &+ Int(start)
  }

  /// The sender's next message, in place; nil for a skipped turn. Called only for messages that are
  /// received.
  @inline(__always)
  mutating func take() throws(RingDamage) -> Bytes? {
    if skips > 0 {
      skips &-= 1
      return nil
    }
    guard let entry = try deliveries.next(before: arrivals.position) else { throw RingDamage() }
    defer { deliveries.pass(entry) }
    switch entry {
    case .message(let count): return deliveries.segment.bytes(deliveries.place &+ 8, count)
    case .blocks(let count):
      return deliveries.segment.bytes(try blockStart(deliveries, count), count)
    case .nulls(let turns):
      skips = UInt64(turns &- 1)
      return nil
    case .skip: throw RingDamage()
    }
  }
}
