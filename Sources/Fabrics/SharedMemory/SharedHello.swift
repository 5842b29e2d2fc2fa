// SPDX-License-Identifier: Apache-2.0
import Environment
import Vocabulary

/// The first message between two members of one machine, both ways: all that has to be equal, and
/// who is who.
struct SharedHello: Equatable {
  /// How members of one machine speak to each other; raised with each change.
  static let version: UInt64 = 2
  static let byteCount = 64
  private static let magic: UInt64 = 0x314D_4853_4450_524D  // "MRPDSHM1", little-endian

  var version = Self.version
  var rank: Int
  var members: Int
  /// Whom the sender believes to speak to.
  var addressee: Int
  var fingerprint: UInt64
  /// Which of the groups at its addresses the sender forms.
  var epoch: UInt64
  /// Whether the sender has such a member already.
  var isTaken = false

  init(_ formation: Formation, to addressee: Rank) {
    rank = formation.rank.index
    members = formation.plan.segments.count
    self.addressee = addressee.index
    fingerprint = formation.plan.fingerprint
    epoch = formation.epoch
  }

  var bytes: [UInt8] {
    let words: [UInt64] = [
      Self.magic, version, UInt64(rank), UInt64(members), UInt64(addressee), fingerprint,
      isTaken ? 1 : 0, epoch,
    ]
    return words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
  }

  /// The message in `bytes`; nil where it is not one.
  init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    var words = [UInt64](repeating: 0, count: Self.byteCount / 8)
    for (place, byte) in bytes.enumerated() {
      words[place / 8] |= UInt64(byte) << UInt64(8 * (place % 8))
    }
    guard words[0] == Self.magic, words[2] < 1 << 16, words[3] < 1 << 16, words[4] < 1 << 16
    else { return nil }
    version = words[1]
    rank = Int(words[2])
    members = Int(words[3])
    addressee = Int(words[4])
    fingerprint = words[5]
    isTaken = words[6] == 1
    epoch = words[7]
  }

  /// Why the sender of this message does not belong into the group of `formation`; nil where it
  /// does.
  func refusal(by formation: Formation) -> FabricError? {
    let who = "the member that says it is rank \(rank)"
    if version != Self.version {
      return FabricError(
        .refused, "\(who) speaks version \(version) of the protocol, this one \(Self.version)",
        advice: "start all members from one version of the program")
    }
    if members != formation.plan.segments.count {
      return FabricError(
        .refused,
        "\(who) belongs to a group of \(members), this one to \(formation.plan.segments.count)",
        advice: "give all members the same list of addresses")
    }
    if addressee != formation.rank.index {
      return FabricError(
        .refused, "\(who) takes this one, rank \(formation.rank.index), for rank \(addressee)",
        advice: "give all members the same list of addresses, in the same order")
    }
    if rank >= members || rank == formation.rank.index {
      return FabricError(
        .refused,
        "\(who) cannot be that in a group of \(members), seen from "
          + "rank \(formation.rank.index)",
        advice: "give each member a rank of its own")
    }
    if isTaken {
      return FabricError(
        .refused, "rank \(rank) has a member of rank \(formation.rank.index) already",
        advice: "give each member a rank of its own")
    }
    if fingerprint != formation.plan.fingerprint {
      return FabricError(
        .refused,
        "\(who) has another layout of memory (fingerprint "
          + "\(String(fingerprint, radix: 16)), here "
          + "\(String(formation.plan.fingerprint, radix: 16)))",
        advice: "start all members with the same settings and version")
    }
    return nil
  }
}
