// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Glibc
import Memory
import TestSupport
import Testing
import Vocabulary

/// A range of a copy that was written.
private struct Touched: Equatable {
  let owner: Int
  let start: Int
  var end: Int
}

/// What a stream did: where it wrote, and why it was not read to its end.
private struct Outcome: Equatable {
  let touched: [Touched]
  let refusal: FrameRefusal?
}

/// Feeds streams to a decoder, and holds every write against the plan by a second, dumber rule.
private struct DecoderHarness {
  let plan: GroupPlan
  let me = Rank(0)
  let peer = Rank(1)

  init() throws {
    let all = RankSet(first: 3)
    let lists: [[(RegionKind, Int, [Int], [Int])]] = [
      [(.cells, 1, [0], [0, 1, 2]), (.payload, 2, [0, 1], [0, 1]), (.payload, 1, [0], [0])],
      [
        (.cells, 2, [1], [0, 1, 2]), (.payload, 1, [1], [0, 1]), (.payload, 1, [1], [1, 2]),
        (.payload, 3, [0, 1, 2], [0, 1, 2]),
      ],
      [(.cells, 1, [2], [0, 1, 2]), (.payload, 2, [1, 2], [0, 2])],
    ]
    plan = try GroupPlan(
      lists.map { regions in
        var segment = SegmentPlan()
        for (index, (kind, pages, writers, holders)) in regions.enumerated() {
          segment.add(
            "r\(index)", byteCount: pages * Limits.pageBytes, kind: kind,
            writers: RankSet(writers.map { Rank($0) }),
            holders: RankSet(holders.map { Rank($0) }))
        }
        return segment
      })
    precondition(plan.members == all, "three members")
  }

  /// Whether the peer may write a range of one kind here: looked up region by region.
  func isAllowed(_ owner: Int, _ offset: Int, _ count: Int, _ kind: RegionKind) -> Bool {
    guard plan.segments.indices.contains(owner) else { return false }
    return plan.segments[owner].regions.contains { region in
      offset >= region.offset && offset + count <= region.offset + region.byteCount
        && region.kind == kind && region.writers.contains(peer) && region.holders.contains(me)
        && (kind == .payload || offset % 8 == 0 && count % 8 == 0)
    }
  }

  /// Decodes a stream into copies, in pieces of the lengths that `piece` gives; if `directly`, past
  /// the decoder where it says that payload comes, as a reader does. Nil where it did what it may
  /// not.
  func decode(
    _ stream: [UInt8], into copies: [Segment], directly: Bool, piece: () -> Int
  ) -> Outcome? {
    var decoder = FrameDecoder(plan: plan, me: me, peer: peer)
    var touched: [Touched] = []
    var start = 0
    var isFaulty = false
    func put(_ owner: Int, _ offset: Int, _ kind: RegionKind, _ bytes: Bytes) {
      guard isAllowed(owner, offset, bytes.count, kind) else {
        isFaulty = true
        return
      }
      copies[owner].write(bytes, at: offset)
      if let last = touched.last, last.owner == owner, last.end == offset {
        touched[touched.count - 1].end += bytes.count
      } else {
        touched.append(Touched(owner: owner, start: offset, end: offset + bytes.count))
      }
    }
    stream.withBytes { bytes in
      while start < stream.count, decoder.refusal == nil, !isFaulty {
        let end = start + min(max(piece(), 1), stream.count - start)
        if directly, let direct = decoder.direct {
          let placed = min(direct.count, end - start)
          put(direct.owner, direct.offset, .payload, bytes[start..<(start + placed)])
          decoder.advance(placed)
          start += placed
        }
        decoder.decode(bytes[start..<end]) { put($0.owner, $0.offset, $0.kind, $0.bytes) }
        start = end
      }
    }
    return isFaulty ? nil : Outcome(touched: touched, refusal: decoder.refusal)
  }

  /// A stream of frames that the plan allows.
  func validStream(_ random: inout RandomSource) -> [UInt8] {
    var stream: [UInt8] = []
    for _ in 0..<random.number(1...6) {
      let places = [
        (0, Limits.pageBytes, 2 * Limits.pageBytes, RegionKind.payload),
        (1, 0, 2 * Limits.pageBytes, .cells),
        (1, 4 * Limits.pageBytes, 3 * Limits.pageBytes, .payload),
        (2, Limits.pageBytes, 2 * Limits.pageBytes, .payload),
      ]
      // The last one is payload that the peer may write and this member holds.
      let (owner, base, size, kind) = places[random.number(0...3)]
      var count = random.number(1...[16, 64, 300][random.number(0...2)])
      var offset = base + random.number(0...(size - count))
      if kind == .cells {
        count = (count + 7) & ~7
        offset = min(offset & ~7, base + size - count)
      }
      stream += FrameHeader(owner: owner, kind: kind, offset: offset, byteCount: count).encoded
      for _ in 0..<(count + 7) / 8 { stream.append(random: random.next()) }
      stream.removeLast((8 - count % 8) % 8)
    }
    return stream
  }

  /// Random bytes, valid streams, and valid streams with changes.
  func input(_ random: inout RandomSource) -> [UInt8] {
    switch random.number(0...9) {
    case 0: return random.bytes(random.number(0...100))
    case 1:
      // Headers that agree in themselves, and say anything.
      return FrameHeader(
        owner: random.number(0...4), kind: random.number(0...1) == 0 ? .cells : .payload,
        offset: random.number(0...40_000), byteCount: random.number(0...20_000)
      ).encoded + random.bytes(random.number(0...40))
    case 2...4: return validStream(&random)
    default:
      var stream = validStream(&random)
      for _ in 0..<random.number(1...3) where !stream.isEmpty {
        let place = random.number(0...(stream.count - 1))
        switch random.number(0...3) {
        case 0: stream[place] ^= 1 << UInt8(random.number(0...7))
        case 1: stream.remove(at: place)
        case 2: stream.insert(UInt8(random.number(0...255)), at: place)
        default: stream.removeLast(stream.count - place)
        }
      }
      return stream
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(random word: UInt64) {
    for place in 0..<8 { append(UInt8(truncatingIfNeeded: word >> UInt64(8 * place))) }
  }
}

@Suite struct FrameDecoderTests {
  /// How many streams a fuzzing run takes; MAPRED_FUZZ_STREAMS asks for more.
  private static var streams: Int {
    guard let text = unsafe getenv("MAPRED_FUZZ_STREAMS") else { return 100_000 }
    let count = unsafe Int(String(cString: text)) ?? 100_000
    print("MAPRED_FUZZ_STREAMS: \(count) streams")
    return count
  }

  @Test func `No stream writes where it may not, or depends on how it is cut`() throws {
    let seed = Int.random(in: 1...1_000_000_000)
    let count = Self.streams
    print("fuzzing \(count) streams, seed \(seed)")
    let harness = try DecoderHarness()
    var random = RandomSource(seed)
    // Two sets of copies that are equal, and have to stay so.
    let copies = (0..<2).map { _ in harness.plan.segments.map { Segment(byteCount: $0.byteCount) } }
    var refused = 0
    for index in 0..<count {
      let stream = harness.input(&random)
      // All at once is the reference; then pieces of any size.
      let whole = harness.decode(stream, into: copies[0], directly: false) { .max }
      let longest = [1, 7, 17, 60, 200][random.number(0...4)]
      let isDirect = random.number(0...1) == 0
      let parts = harness.decode(stream, into: copies[1], directly: isDirect) {
        longest == 1 ? 1 : random.number(1...longest)
      }
      guard let whole, let parts, whole == parts,
        whole.touched.allSatisfy({ touched in
          let count = touched.end - touched.start
          return copies[0][touched.owner].bytes(touched.start, count)
            == copies[1][touched.owner].bytes(touched.start, count)
        })
      else {
        Issue.record("seed \(seed), stream \(index): \(stream)")
        return
      }
      if whole.refusal != nil { refused += 1 }
    }
    print("\(refused) of \(count) streams were refused")
    #expect(refused > count / 10 && refused < count * 9 / 10)
  }

  @Test func `Every frame is allowed exactly where a second rule allows it`() throws {
    let seed = Int.random(in: 1...1_000_000_000)
    print("seed \(seed)")
    let harness = try DecoderHarness()
    var random = RandomSource(seed)
    var allowed = 0
    for _ in 0..<20_000 {
      let owner = random.number(0...3)
      let kind: RegionKind = random.number(0...1) == 0 ? .cells : .payload
      var offset = random.number(0...7) * Limits.pageBytes + random.number(-16...16)
      var count = random.number(1...(2 * Limits.pageBytes))
      if random.number(0...3) > 0 { (offset, count) = (offset & ~7, (count + 7) & ~7) }
      guard offset >= 0 else { continue }
      let header = FrameHeader(owner: owner, kind: kind, offset: offset, byteCount: count).encoded
      var decoder = FrameDecoder(plan: harness.plan, me: harness.me, peer: harness.peer)
      header.withBytes { decoder.decode($0) { _ in } }
      let wanted = harness.isAllowed(owner, offset, count, kind)
      #expect(
        (decoder.refusal == nil) == wanted, "seed \(seed): \(owner) \(kind) \(offset) \(count)")
      if wanted { allowed += 1 }
    }
    #expect(allowed > 500)
  }

  @Test func `Every bit of a header counts`() throws {
    let harness = try DecoderHarness()
    let header = FrameHeader(owner: 1, kind: .cells, offset: 64, byteCount: 16).encoded
    for index in header.indices {
      for bit in 0..<8 {
        var changed = header
        changed[index] ^= 1 << UInt8(bit)
        var decoder = FrameDecoder(plan: harness.plan, me: harness.me, peer: harness.peer)
        changed.withBytes { decoder.decode($0) { _ in } }
        #expect(decoder.refusal == .header, "byte \(index), bit \(bit)")
      }
    }
  }
}
