// SPDX-License-Identifier: Apache-2.0

/// XXH64 (seed 0), fed in pieces: the checksum of blocks and the digest of results.
///
/// Written from the public specification ("xxHash fast digest algorithm", version 0.1.1); its test
/// vectors are in the tests. O(bytes), at about 10 GB/s; never asked to resist an attacker.
package struct Checksum: Sendable {
  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  private var pending = InlineArray<32, UInt8>(repeating: 0)
  private var pendingCount = 0
  private var total: UInt64 = 0

  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  package init() {
    lanes = (Self.prime1 &+ Self.prime2, Self.prime2, 0, 0 &- Self.prime1)
  }

  /// The checksum of all of `bytes`.
  package static func of(_ bytes: Bytes) -> UInt64 {
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum.value
  }

  package mutating func update(_ bytes: Bytes) {
    total &+= UInt64(bytes.count)
    var offset = 0
    if pendingCount > 0 {
      while pendingCount < 32, offset < bytes.count {
        pending[pendingCount] = bytes[offset]
        pendingCount += 1
        offset += 1
      }
      if pendingCount < 32 { return }
      drainPending()
    }
    offset = consumeStripes(bytes, from: offset)
    while offset < bytes.count {
      pending[pendingCount] = bytes[offset]
      pendingCount += 1
      offset += 1
    }
  }

  private mutating func drainPending() {
    var stripe: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    for index in 0..<8 {
      let shift = UInt64(8 * index)
      stripe.0 |= UInt64(pending[index]) << shift
      stripe.1 |= UInt64(pending[index + 8]) << shift
      stripe.2 |= UInt64(pending[index + 16]) << shift
      stripe.3 |= UInt64(pending[index + 24]) << shift
    }
    lanes = (
      Self.round(lanes.0, stripe.0), Self.round(lanes.1, stripe.1),
      Self.round(lanes.2, stripe.2), Self.round(lanes.3, stripe.3)
    )
    pendingCount = 0
  }

  private mutating func consumeStripes(_ bytes: Bytes, from start: Int) -> Int {
    var (a, b, c, d) = lanes
    var offset = start
    while offset &+ 32 <= bytes.count {
      a = Self.round(a, bytes.littleEndian64(at: offset))
      b = Self.round(b, bytes.littleEndian64(at: offset &+ 8))
      c = Self.round(c, bytes.littleEndian64(at: offset &+ 16))
      d = Self.round(d, bytes.littleEndian64(at: offset &+ 24))
      offset &+= 32
    }
    lanes = (a, b, c, d)
    return offset
  }

  private static func round(_ lane: UInt64, _ input: UInt64) -> UInt64 {
    rotate(lane &+ input &* prime2, 31) &* prime1
  }

  private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value &<< bits | value &>> (64 &- bits)
  }

  /// The checksum of everything fed so far.
  package var value: UInt64 {
    var hash: UInt64
    if total >= 32 {
      hash =
        Self.rotate(lanes.0, 1) &+ Self.rotate(lanes.1, 7) &+ Self.rotate(lanes.2, 12)
        &+ Self.rotate(lanes.3, 18)
      for lane in [lanes.0, lanes.1, lanes.2, lanes.3] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    } else {
      hash = Self.prime5
    }
    hash &+= total
    return Self.avalanche(absorbPending(into: hash))
  }

  private func absorbPending(into start: UInt64) -> UInt64 {
    var hash = start
    var index = 0
    while index + 8 <= pendingCount {
      hash ^= Self.round(0, littleEndian(at: index, count: 8))
      hash = Self.rotate(hash, 27) &* Self.prime1 &+ Self.prime4
      index += 8
    }
    if index + 4 <= pendingCount {
      hash ^= littleEndian(at: index, count: 4) &* Self.prime1
      hash = Self.rotate(hash, 23) &* Self.prime2 &+ Self.prime3
      index += 4
    }
    while index < pendingCount {
      hash ^= UInt64(pending[index]) &* Self.prime5
      hash = Self.rotate(hash, 11) &* Self.prime1
      index += 1
    }
    return hash
  }

  private func littleEndian(at index: Int, count: Int) -> UInt64 {
    (0..<count).reduce(0) { $0 | UInt64(pending[index + $1]) << UInt64(8 * $1) }
  }

  private static func avalanche(_ value: UInt64) -> UInt64 {
    var hash = value
    hash = (hash ^ hash >> 33) &* prime2
    hash = (hash ^ hash >> 29) &* prime3
    return hash ^ hash >> 32
  }
}

extension Bytes {
  /// Eight bytes at `offset` as a little-endian number.
  @inlinable @inline(__always) package func littleEndian64(at offset: Int) -> UInt64 {
    precondition(offset >= 0 && offset &+ 8 <= count, "eight bytes out of range")
    return unsafe UInt64(
      littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }
}
