// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Vocabulary

/// What a member says of itself when it meets another: everything that has to agree.
///
/// As bytes (little-endian numbers, always `byteCount` of them): a tag of 8, version, rank, members
/// and whether there is a key (4 each), the plan's fingerprint (8), the nonce (32), the length of
/// `extra` (4), what the connection is for (4; 0 for a group, 1 for letters), the epoch (8), and
/// 1 KiB for `extra`, zeroes behind it. Tag and version stand at the same place in every version,
/// so that members of different versions understand why they part. In a hello for letters, rank,
/// members, fingerprint and epoch are 0, and `extra` is the node's introduction.
package struct Hello: Sendable, Hashable {
  /// The version of the hello and of everything that is sent after it.
  package static let currentVersion: UInt32 = 3
  package static let nonceBytes = 32
  package static let extraBytesMaximum = 1024
  static let byteCount = extraPlace + extraBytesMaximum
  private static let extraPlace = 80

  package var version = Self.currentVersion
  /// Not checked to be a rank: a peer may say anything.
  package let rank: Int
  package let memberCount: Int
  package let fingerprint: UInt64
  /// Which of the groups at its addresses the member forms.
  package let epoch: UInt64
  /// Never used twice, so that a hello that somebody recorded proves nothing later.
  package let nonce: [UInt8]
  /// What a fabric wants to tell besides: addresses, keys of memory.
  package let extra: [UInt8]
  /// Who wants to send letters; nil where a member wants to meet its group.
  package let introduction: NodeIntroduction?
  /// Whether this member has a cluster key; set by the handshake.
  package internal(set) var hasKey = false

  package init(
    rank: Int, memberCount: Int, fingerprint: UInt64, epoch: UInt64 = 0,
    nonce: [UInt8] = Self.freshNonce(), extra: [UInt8] = []
  ) {
    precondition(nonce.count == Self.nonceBytes, "a nonce has \(Self.nonceBytes) bytes")
    precondition(extra.count <= Self.extraBytesMaximum, "the extra part of a hello is too long")
    self.rank = rank
    self.memberCount = memberCount
    self.fingerprint = fingerprint
    self.epoch = epoch
    self.nonce = nonce
    self.extra = extra
    introduction = nil
  }

  /// The hello of a node that carries letters.
  package init(_ introduction: NodeIntroduction, nonce: [UInt8] = Self.freshNonce()) {
    precondition(nonce.count == Self.nonceBytes, "a nonce has \(Self.nonceBytes) bytes")
    rank = 0
    memberCount = 0
    fingerprint = 0
    epoch = 0
    self.nonce = nonce
    extra = introduction.encoded
    self.introduction = introduction
  }

  /// The hello of the member that a formation describes.
  package init(_ formation: Formation, extra: [UInt8] = []) {
    self.init(
      rank: formation.rank.index, memberCount: formation.plan.segments.count,
      fingerprint: formation.plan.fingerprint, epoch: formation.epoch, extra: extra)
  }

  /// 32 bytes of the system's entropy.
  package static func freshNonce() -> [UInt8] {
    var source = SystemRandomNumberGenerator()
    return (0..<nonceBytes).map { _ in .random(in: 0...255, using: &source) }
  }

  func encoded(_ tag: MessageTag) -> [UInt8] {
    var bytes = tag.prefix(version)
    bytes.append(number: UInt64(rank), bytes: 4)
    bytes.append(number: UInt64(memberCount), bytes: 4)
    bytes.append(number: hasKey ? 1 : 0, bytes: 4)
    bytes.append(number: fingerprint, bytes: 8)
    bytes += nonce
    bytes.append(number: UInt64(extra.count), bytes: 4)
    bytes.append(number: introduction == nil ? 0 : 1, bytes: 4)
    bytes.append(number: epoch, bytes: 8)
    bytes += extra
    return bytes + [UInt8](repeating: 0, count: Self.byteCount - bytes.count)
  }

  /// Nil where the bytes are no hello; their tag and version have been looked at already.
  init?(decoding bytes: ArraySlice<UInt8>) {
    let bytes = Array(bytes.prefix(Self.byteCount))
    guard bytes.count == Self.byteCount else { return nil }
    let keyFlag = bytes.number(at: 20, bytes: 4)
    let extraCount = Int(bytes.number(at: 64, bytes: 4))
    let purpose = bytes.number(at: 68, bytes: 4)
    guard keyFlag <= 1, purpose <= 1, extraCount <= Self.extraBytesMaximum,
      bytes[(Self.extraPlace + extraCount)...].allSatisfy({ $0 == 0 })
    else { return nil }
    version = UInt32(bytes.number(at: 8, bytes: 4))
    rank = Int(bytes.number(at: 12, bytes: 4))
    memberCount = Int(bytes.number(at: 16, bytes: 4))
    hasKey = keyFlag == 1
    fingerprint = bytes.number(at: 24, bytes: 8)
    nonce = Array(bytes[32..<64])
    epoch = bytes.number(at: 72, bytes: 8)
    extra = Array(bytes[Self.extraPlace..<(Self.extraPlace + extraCount)])
    introduction = purpose == 1 ? NodeIntroduction(decoding: extra) : nil
    guard purpose == 0 || introduction != nil else { return nil }
  }
}

/// The first eight bytes of each message of a handshake: who speaks, and in which step.
enum MessageTag: String, CaseIterable {
  case initiatorHello = "mapredH1"
  case acceptorHello = "mapredH2"
  case initiatorVerdict = "mapredV1"
  case acceptorVerdict = "mapredV2"

  /// Bytes that tell which message follows, and of which version.
  static let prefixBytes = 12

  var isVerdict: Bool { self == .initiatorVerdict || self == .acceptorVerdict }

  func prefix(_ version: UInt32) -> [UInt8] {
    var bytes = Array(rawValue.utf8)
    bytes.append(number: UInt64(version), bytes: 4)
    return bytes
  }

  /// Bytes of the whole message.
  var byteCount: Int {
    switch self {
    case .initiatorHello: Hello.byteCount
    case .acceptorHello: Hello.byteCount + SHA256.byteCount
    case .initiatorVerdict, .acceptorVerdict: Verdict.byteCount
    }
  }
}

extension [UInt8] {
  /// Appends the lowest `bytes` bytes of a number, the least one first.
  mutating func append(number: UInt64, bytes: Int) {
    for place in 0..<bytes { append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place))) }
  }

  /// The number of `bytes` bytes at `offset`.
  func number(at offset: Int, bytes: Int) -> UInt64 {
    (0..<bytes).reduce(0) { $0 | UInt64(self[offset + $1]) << UInt64(8 * $1) }
  }
}
