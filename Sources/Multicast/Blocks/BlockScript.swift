// SPDX-License-Identifier: Apache-2.0

/// A schedule as one member sees it: what it sends, in order, and where each block comes from.
///
/// Members keep no common step. Each sends its next block as soon as it holds it; since in the
/// schedule a block is sent in a later step than it came in, somebody can always go on. The same
/// holds for messages one after another, as long as every member takes them in the same order.
/// O(sends + blocks + members) of memory; sends are at most a few more than blocks for `binomial`
/// and `chain`, while the root of `sequential` sends all blocks to all.
struct BlockScript: Sendable, Hashable {
  /// One block to send.
  struct Send: Sendable, Hashable {
    private let packed: UInt64

    init(target: Int, block: Int) { packed = UInt64(target) << 32 | UInt64(block) }

    @inline(__always) var target: Int { Int(packed >> 32) }
    @inline(__always) var block: Int { Int(packed & 0xFFFF_FFFF) }
  }

  let member: Int
  let blocks: Int
  /// In the order in which they have to be sent.
  let sends: [Send]
  /// The blocks by source, and each source's in its order of sending. Empty for the root.
  private let arriving: [UInt32]
  /// By member, and one more: where its blocks begin in `arriving`.
  private let starts: [Int]
  /// By block: its place in `arriving`, and its source. Empty for the root.
  private let places: [UInt32]
  private let sources: [UInt16]

  /// O(steps of the member).
  init(_ schedule: BlockSchedule, member: Int) {
    precondition(member >= 0 && member < schedule.members, "a script is for a member of the group")
    precondition(schedule.blocks <= UInt32.max && schedule.members <= UInt16.max)
    self.member = member
    blocks = schedule.blocks
    var sends: [Send] = []
    var order: [UInt32] = []
    var sources = [UInt16](repeating: 0, count: member == 0 ? 0 : schedule.blocks)
    var starts = [Int](repeating: 0, count: schedule.members + 1)
    order.reserveCapacity(sources.count)
    for step in schedule.steps(of: member) {
      if let send = schedule.transfer(step, from: member) {
        sends.append(Send(target: send.target, block: send.block))
      }
      if let arrival = schedule.incoming(step, to: member) {
        order.append(UInt32(arrival.block))
        sources[arrival.block] = UInt16(arrival.source)
        starts[arrival.source + 1] += 1
      }
    }
    precondition(order.count == sources.count, "a member gets each block once")
    for source in 0..<schedule.members { starts[source + 1] += starts[source] }
    var arriving = [UInt32](repeating: 0, count: order.count)
    var places = [UInt32](repeating: 0, count: order.count)
    var next = starts
    for block in order {
      let source = Int(sources[Int(block)])
      arriving[next[source]] = block
      places[Int(block)] = UInt32(next[source])
      next[source] += 1
    }
    self.sends = sends
    self.arriving = arriving
    self.starts = starts
    self.places = places
    self.sources = sources
  }

  /// Whether all blocks are there from the beginning.
  var isRoot: Bool { member == 0 }

  /// How many of the message's blocks come from `source`.
  @inline(__always) func count(from source: Int) -> Int { starts[source + 1] - starts[source] }

  /// The block that comes from `source` as its `ordinal`-th, from 0.
  @inline(__always) func block(_ ordinal: Int, from source: Int) -> Int {
    precondition(ordinal >= 0 && ordinal < count(from: source), "no such block from there")
    return Int(arriving[starts[source] + ordinal])
  }

  /// The member from which a block comes. Not for the root, to which none comes.
  @inline(__always) func source(of block: Int) -> Int { Int(sources[block]) }

  /// How many of the message's blocks come from the same source before this one does.
  @inline(__always) func ordinal(of block: Int) -> Int {
    Int(places[block]) - starts[Int(sources[block])]
  }
}
