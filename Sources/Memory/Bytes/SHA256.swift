// SPDX-License-Identifier: Apache-2.0
import CSystem

/// SHA-256, fed in pieces: what members prove their key with when they meet.
///
/// Written from FIPS 180-4, whose test vectors are in the tests. O(bytes), at about 0.3 GB/s, or
/// 1.7 GB/s by a processor's own instructions; used when a group forms and for the executables of
/// jobs, never for what jobs move.
package struct SHA256: Sendable {
  /// Bytes of a digest.
  package static let byteCount = 32
  /// Bytes that are mixed in at a time.
  static let blockBytes = 64

  private var state: [UInt32] = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB,
    0x5BE0_CD19,
  ]
  private var block: [UInt8] = []
  private var total: UInt64 = 0
  private let isByProcessor: Bool

  /// Whether this processor has instructions for it.
  package static let hasProcessor = mapred_has_sha256() == 1

  /// `isByProcessor`: whether those instructions are used; they have to be there.
  package init(isByProcessor: Bool = Self.hasProcessor) {
    precondition(!isByProcessor || Self.hasProcessor, "the processor has the instructions")
    self.isByProcessor = isByProcessor
    block.reserveCapacity(Self.blockBytes)
  }

  /// The digest of all of `bytes`.
  package static func of(_ bytes: Bytes) -> [UInt8] {
    var hash = SHA256()
    hash.update(bytes)
    return hash.digest
  }

  package mutating func update(_ bytes: Bytes) {
    total &+= UInt64(bytes.count)
    var offset = 0
    while offset < bytes.count {
      if block.isEmpty, bytes.count - offset >= Self.blockBytes {
        let end = bytes.count - (bytes.count - offset) % Self.blockBytes
        mix(bytes[offset..<end])
        offset = end
      } else {
        append(bytes[offset])
        offset += 1
      }
    }
  }

  private mutating func append(_ byte: UInt8) {
    block.append(byte)
    guard block.count == Self.blockBytes else { return }
    let whole = block
    whole.withBytes { mix($0) }
    block.removeAll(keepingCapacity: true)
  }

  /// The digest of everything fed so far.
  package var digest: [UInt8] {
    var last = self
    last.append(0x80)
    while last.block.count != Self.blockBytes - 8 { last.append(0) }
    let bits = total &* 8
    for place in 0..<8 { last.append(UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * place))) }
    return last.state.flatMap { word in
      (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) }
    }
  }

  /// Mixes whole blocks in.
  private mutating func mix(_ blocks: Bytes) {
    let count = blocks.count / Self.blockBytes
    if isByProcessor {
      unsafe state.withUnsafeMutableBufferPointer { state in
        unsafe Self.constants.withUnsafeBufferPointer { constants in
          guard let state = state.baseAddress, let constants = constants.baseAddress else { return }
          unsafe mapred_sha256(state, constants, blocks.base, count)
        }
      }
      return
    }
    for block in 0..<count {
      mixOne(blocks[block * Self.blockBytes..<(block + 1) * Self.blockBytes])
    }
  }

  private mutating func mixOne(_ block: Bytes) {
    var words = InlineArray<64, UInt32>(repeating: 0)
    for index in 0..<16 {
      let word = unsafe block.base.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
      words[index] = UInt32(bigEndian: word)
    }
    for index in 16..<64 {
      let early = words[index - 15]
      let late = words[index - 2]
      let small0 = Self.turn(early, 7) ^ Self.turn(early, 18) ^ early >> 3
      let small1 = Self.turn(late, 17) ^ Self.turn(late, 19) ^ late >> 10
      words[index] = words[index - 16] &+ small0 &+ words[index - 7] &+ small1
    }
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for index in 0..<64 {
      let big1 = Self.turn(e, 6) ^ Self.turn(e, 11) ^ Self.turn(e, 25)
      let choice = (e & f) ^ (~e & g)
      let first = h &+ big1 &+ choice &+ Self.constants[index] &+ words[index]
      let big0 = Self.turn(a, 2) ^ Self.turn(a, 13) ^ Self.turn(a, 22)
      let majority = (a & b) ^ (a & c) ^ (b & c)
      (h, g, f, e) = (g, f, e, d &+ first)
      (d, c, b, a) = (c, b, a, first &+ big0 &+ majority)
    }
    for (index, word) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= word }
  }

  private static func turn(_ word: UInt32, _ bits: UInt32) -> UInt32 {
    word &>> bits | word &<< (32 &- bits)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let constants: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4,
    0xAB1C_5ED5, 0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE,
    0x9BDC_06A7, 0xC19B_F174, 0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F,
    0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA, 0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7,
    0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967, 0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC,
    0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85, 0xA2BF_E8A1, 0xA81A_664B,
    0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070, 0x19A4_C116,
    0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7,
    0xC671_78F2,
  ]
}

/// HMAC-SHA-256 (RFC 2104), fed in pieces: a tag that only those who know the key can make.
package struct HMAC: Sendable {
  private var inner = SHA256()
  private let outerKey: [UInt8]

  package init(key: Bytes) {
    var padded = key.count > SHA256.blockBytes ? SHA256.of(key) : Array(key)
    padded += [UInt8](repeating: 0, count: SHA256.blockBytes - padded.count)
    outerKey = padded.map { $0 ^ 0x5C }
    padded.map { $0 ^ 0x36 }.withBytes { inner.update($0) }
  }

  package mutating func update(_ bytes: Bytes) { inner.update(bytes) }

  /// The tag of everything fed so far.
  package var tag: [UInt8] {
    var outer = SHA256()
    outerKey.withBytes { outer.update($0) }
    inner.digest.withBytes { outer.update($0) }
    return outer.digest
  }

  /// Whether `other` is the tag of everything fed so far. How long it takes does not depend on
  /// where they differ.
  package func matches(_ other: Bytes) -> Bool {
    let tag = tag
    guard other.count == tag.count else { return false }
    var difference: UInt8 = 0
    for index in tag.indices { difference |= tag[index] ^ other[index] }
    return difference == 0
  }
}
