// SPDX-License-Identifier: Apache-2.0
import Environment
import TestSupport
import Vocabulary

/// What streams of messages look like: each member sends to all others through a ring of its own.
struct StreamShape: Sendable {
  let ringBytes: Int
  let messages: UInt64
  /// How far a sender may run ahead of its slowest reader.
  let window: UInt64
  /// Bytes of the next message.
  let size: @Sendable (inout RandomSource) -> Int
  /// Whether the last member stops reading for a while, in the middle.
  var rests = false
}

extension Check {
  /// Payload of all sizes, ranges that wrap, and the counter that publishes each.
  package static let counterAfterPayload = streams(
    "counter", "a counter never overtakes its payload"
  ) { scale in
    let largest = scale == .full ? 8 << 20 : 1 << 20
    return StreamShape(
      ringBytes: largest + 12_288, messages: scale == .full ? 400 : 150, window: 16
    ) { random in
      // Every power of two as often as any other, and now and then the largest.
      if random.number(0...63) == 0 { return largest }
      let top = 1 << random.number(0...(scale == .full ? 16 : 14))
      return random.number(max(1, top / 2)...top)
    }
  }

  /// Many times the ring's bytes, read in place.
  package static let fullWindow = streams(
    "window", "a full ring blocks its sender, and not a byte of it is lost"
  ) { scale in
    StreamShape(
      ringBytes: 64 << 10, messages: scale == .full ? 20_000 : 2_000, window: 1000
    ) { random in
      random.number(1...4_000)
    }
  }

  /// A reader that does not even poll for a while.
  package static let stalledReader = streams(
    "stall", "a member that stops for a while goes on without loss"
  ) { scale in
    StreamShape(
      ringBytes: 256 << 10, messages: scale == .full ? 10_000 : 1_000, window: 64,
      size: { $0.number(1...8_000) }, rests: true)
  }

  private static func streams(
    _ name: String, _ promise: String, shape: @escaping @Sendable (Scale) -> StreamShape
  ) -> Check {
    Check(
      name: name, promise: promise,
      layout: { members in
        // The largest shape, so that a plan depends on the number of members alone.
        let bytes = max(shape(.quick).ringBytes, shape(.full).ringBytes)
        return try Member.plan(members) { segment, owner in
          segment.add(
            "ring", byteCount: bytes, kind: .payload, writers: RankSet([owner]),
            holders: RankSet(first: members))
        }
      },
      program: { StreamProgram($0, shape($0.scale)) })
  }
}

/// Sends one stream and reads those of all others.
final class StreamProgram: MemberProgram {
  private static let sentCell = 1
  /// From here on: how many messages of each member this one has read.
  private static let readCell = 64

  /// A stream as its sender and its readers follow it: sizes come from the seed.
  private struct Stream {
    var sizes: RandomSource
    var number: UInt64 = 0
    var position = 0

    mutating func next(_ shape: StreamShape) -> Int { shape.size(&sizes) }
  }

  private let part: Part
  private let shape: StreamShape
  private let ring: Ring
  private var pattern = Pattern()
  private var random: RandomSource
  private var streams: [Stream]
  private var nextBytes: Int
  /// Where each of my messages ends, by number.
  private var ends: [Int] = [0]
  private var hasRested = false

  init(_ part: Part, _ shape: StreamShape) {
    self.part = part
    self.shape = shape
    ring = Ring(offset: Member.boardBytes, byteCount: shape.ringBytes)
    random = RandomSource(part.seed &+ part.rank.index)
    streams = part.all.map { Stream(sizes: RandomSource(part.seed &+ 1009 &* $0.index)) }
    nextBytes = streams[part.rank.index].next(shape)
  }

  var standing: String {
    "streams stand at \(streams.map(\.number)) of \(shape.messages)"
  }

  func turn(_ member: Member) throws -> Turn {
    if shape.rests, !hasRested, part.rank == part.last,
      streams[0].number > shape.messages / 2
    {
      hasRested = true
      return .rest(milliseconds: 300)
    }
    var moved = false
    for peer in part.peers where try read(peer, member) { moved = true }
    if write(member) { moved = true }
    let isDone =
      streams.allSatisfy { $0.number == shape.messages } && slowest(member) == shape.messages
    return isDone ? .done : moved ? .progress : .idle
  }

  private func read(_ sender: Rank, _ member: Member) throws -> Bool {
    let sent = member.board(Self.sentCell, of: sender)
    var stream = streams[sender.index]
    guard sent > stream.number else { return false }
    guard sent <= shape.messages else { throw Violation("\(sender) counts \(sent) messages") }
    while stream.number < min(sent, streams[sender.index].number + 16) {
      let count = stream.next(shape)
      let key = patternKey(part.seed, sender.index, stream.number)
      let isThere = pattern.stands(
        key, count, in: member.segment(sender), ring: ring, at: stream.position)
      guard isThere else {
        throw Violation(
          "\(part.rank) sees message \(stream.number) of \(sender) published, but not its "
            + "\(count) bytes at \(stream.position % ring.byteCount) of the ring")
      }
      stream.number += 1
      stream.position += count
    }
    streams[sender.index] = stream
    member.setBoard(Self.readCell + sender.index, stream.number, telling: RankSet([sender]))
    return true
  }

  /// How many messages all readers have read.
  private func slowest(_ member: Member) -> UInt64 {
    part.peers.map { member.board(Self.readCell + part.rank.index, of: $0) }.min() ?? 0
  }

  private func write(_ member: Member) -> Bool {
    var stream = streams[part.rank.index]
    let first = stream.number
    let read = slowest(member)
    let freed = ends[Int(read)]
    let burst = UInt64(random.number(1...8))
    let publishesEach = random.number(0...1) == 0
    while stream.number < min(shape.messages, first + burst, read + shape.window),
      stream.position + nextBytes - freed <= ring.byteCount
    {
      let key = patternKey(part.seed, part.rank.index, stream.number)
      pattern.write(
        key, nextBytes, to: member.segment(part.rank), ring: ring, at: stream.position)
      for piece in ring.pieces(stream.position, nextBytes) {
        member.ask(part.rank, piece.offset, piece.count, .payload, part.peers)
      }
      stream.number += 1
      stream.position += nextBytes
      ends.append(stream.position)
      if publishesEach {
        member.setBoard(Self.sentCell, stream.number, telling: part.peers)
        // A cell is posted with its value of now: a list holds it once.
        member.post()
      }
      nextBytes = stream.next(shape)
    }
    streams[part.rank.index] = stream
    guard stream.number > first else { return false }
    if !publishesEach { member.setBoard(Self.sentCell, stream.number, telling: part.peers) }
    return true
  }
}
