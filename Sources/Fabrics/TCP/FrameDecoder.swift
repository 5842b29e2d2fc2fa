// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Memory
package import Vocabulary

/// Turns a peer's stream into writes, each of which is checked against the plan.
///
/// A pure value: bytes go in, in pieces of any size, and writes come out in the stream's order.
/// Nothing behind a frame that is refused is looked at.
package struct FrameDecoder: Sendable {
  /// Bytes that may be written at a place of a member's segment. Cells come whole.
  package struct Write {
    package let owner: Int
    package let offset: Int
    package let kind: RegionKind
    package let bytes: Bytes
  }

  private let rules: FrameRules
  /// The frame that is under way: where its next byte goes, and how many are missing.
  private var owner = 0
  private var offset = 0
  private var missing = 0
  private var kind = RegionKind.payload
  /// A header, or a cell, that the last piece cut.
  private var cut = InlineArray<16, UInt8>(repeating: 0)
  private var cutCount = 0
  package private(set) var refusal: FrameRefusal?

  /// A decoder of what `peer` sends to `me`, who sees the memory of some members in place.
  package init(plan: GroupPlan, me: Rank, peer: Rank, inPlace: RankSet = RankSet()) {
    rules = FrameRules(plan: plan, me: me, peer: peer, inPlace: inPlace)
  }

  /// Takes the next bytes of the stream in, and hands out what they write.
  package mutating func decode(_ bytes: Bytes, _ apply: (Write) -> Void) {
    var at = 0
    while at < bytes.count, refusal == nil {
      let rest = bytes[at..<bytes.count]
      if missing == 0 {
        at += takeHeader(rest)
      } else if kind == .payload {
        let count = min(missing, rest.count)
        write(rest[0..<count], apply)
        at += count
      } else {
        at += takeCells(rest, apply)
      }
    }
  }

  private mutating func takeHeader(_ bytes: Bytes) -> Int {
    if cutCount == 0, bytes.count >= FrameHeader.byteCount {
      begin(bytes.littleEndian64(at: 0), bytes.littleEndian64(at: 8))
      return FrameHeader.byteCount
    }
    let count = keep(bytes, upTo: FrameHeader.byteCount)
    if cutCount == FrameHeader.byteCount {
      cutCount = 0
      begin(cutWord(0), cutWord(8))
    }
    return count
  }

  private mutating func begin(_ first: UInt64, _ second: UInt64) {
    guard let header = FrameHeader(first, second) else {
      refusal = .header
      return
    }
    refusal = rules.objection(to: header)
    guard refusal == nil, let kind = RegionKind(rawValue: header.kindValue) else { return }
    self.kind = kind
    owner = header.owner
    offset = Int(header.offset)
    missing = header.byteCount
  }

  private mutating func takeCells(_ bytes: Bytes, _ apply: (Write) -> Void) -> Int {
    if cutCount == 0, bytes.count >= 8 {
      let count = min(missing, bytes.count & ~7)
      write(bytes[0..<count], apply)
      return count
    }
    let count = keep(bytes, upTo: 8)
    if cutCount == 8 {
      cutCount = 0
      var cell = cutWord(0).littleEndian
      unsafe withUnsafeBytes(of: &cell) { write(unsafe Bytes(viewing: $0), apply) }
    }
    return count
  }

  private mutating func write(_ bytes: Bytes, _ apply: (Write) -> Void) {
    apply(Write(owner: owner, offset: offset, kind: kind, bytes: bytes))
    advance(bytes.count)
  }

  /// Where the next bytes of the stream may be written without a look at them: they are payload.
  package var direct: (owner: Int, offset: Int, count: Int)? {
    missing > 0 && kind == .payload && refusal == nil ? (owner, offset, missing) : nil
  }

  /// Says that the next `count` bytes of the stream are where `direct` said.
  package mutating func advance(_ count: Int) {
    precondition(count <= missing, "more bytes than the frame has")
    offset += count
    missing -= count
  }

  private mutating func keep(_ bytes: Bytes, upTo limit: Int) -> Int {
    let count = min(limit - cutCount, bytes.count)
    for index in 0..<count { cut[cutCount + index] = bytes[index] }
    cutCount += count
    return count
  }

  private func cutWord(_ start: Int) -> UInt64 {
    var word: UInt64 = 0
    for place in 0..<8 { word |= UInt64(cut[start + place]) << UInt64(8 * place) }
    return word
  }
}
