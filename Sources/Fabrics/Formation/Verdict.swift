// SPDX-License-Identifier: Apache-2.0
import Memory

/// Whether a member takes another into its group, and if not, why: a code and two numbers, no text.
///
/// As bytes: tag and version, the code (4), the number of who speaks and of who listens (8 each),
/// and a proof that who speaks knows the key, or zeroes where that is not possible yet. Before both
/// have proven the key, the numbers are zero too: a stranger learns the code and nothing else.
struct Verdict: Sendable, Hashable {
  static let byteCount = MessageTag.prefixBytes + 20 + SHA256.byteCount

  let code: Refusal?
  let speaker: UInt64
  let listener: UInt64
  var proof = [UInt8](repeating: 0, count: SHA256.byteCount)

  init(_ code: Refusal?, speaker: UInt64 = 0, listener: UInt64 = 0) {
    self.code = code
    self.speaker = speaker
    self.listener = listener
  }

  /// What the proof covers.
  var content: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: UInt64(code?.rawValue ?? 0), bytes: 4)
    bytes.append(number: speaker, bytes: 8)
    bytes.append(number: listener, bytes: 8)
    return bytes
  }

  func encoded(_ tag: MessageTag, version: UInt32) -> [UInt8] {
    tag.prefix(version) + content + proof
  }

  /// Nil where the bytes are no verdict.
  init?(decoding bytes: [UInt8]) {
    let code = UInt32(bytes.number(at: MessageTag.prefixBytes, bytes: 4))
    let refusal = Refusal(rawValue: code)
    guard code == 0 || refusal != nil else { return nil }
    self.init(
      refusal, speaker: bytes.number(at: MessageTag.prefixBytes + 4, bytes: 8),
      listener: bytes.number(at: MessageTag.prefixBytes + 12, bytes: 8))
    proof = Array(bytes.suffix(SHA256.byteCount))
  }
}

/// Why members part, as it is sent.
package enum Refusal: UInt32, Sendable, CaseIterable {
  /// Bytes that are no message of a handshake.
  case malformed = 1
  case version
  /// The one who is refused has no key.
  case keyMissing
  /// The one who is refused has a key, the other has none.
  case keyUnexpected
  case keyWrong
  case memberCount
  case layout
  case rankOutOfRange
  case rankTaken
  /// Another rank answers at the address than was asked for.
  case rankOther
  /// The two form different groups of those that follow each other.
  case epoch

  private var advice: String {
    switch self {
    case .malformed: "see which program uses that address, and give the member another port"
    case .version: "run the same build of mapred on all hosts"
    case .keyMissing, .keyUnexpected, .keyWrong: "give all members the same key file"
    case .memberCount, .layout, .rankOutOfRange, .rankOther:
      "start all members with the same build, the same addresses and the same settings"
    case .rankTaken: "start each rank once"
    case .epoch: "wait until both form the same group"
    }
  }

  /// The error of a member that refuses `peer`. `mine` and `theirs` are what each of them says.
  func error(refusing peer: String, mine: UInt64, theirs: UInt64) -> FabricError {
    let what =
      switch self {
      case .malformed: "what comes from there is no hello of a member"
      case .version: "it speaks version \(theirs) of the hello, this member version \(mine)"
      case .keyMissing: "it has no cluster key, and this member has one"
      case .keyUnexpected: "it has a cluster key, and this member has none"
      case .keyWrong: "it does not know the cluster key"
      case .memberCount: "it belongs to a group of \(theirs) members, this member to one of \(mine)"
      case .layout: "it lays memory out differently: \(text(mine)) here, \(text(theirs)) there"
      case .rankOutOfRange: "it calls itself rank \(theirs), and the group has \(mine) members"
      case .rankTaken: "it calls itself rank \(theirs), and that rank is here already"
      case .rankOther: "it is rank \(theirs), and rank \(mine) was to be there"
      case .epoch: "it forms the group of epoch \(theirs), this member that of epoch \(mine)"
      }
    return FabricError(code, "refused \(peer): \(what)", advice: advice)
  }

  /// The error of a member that `peer` refused. `theirs` is nil where the peer did not tell.
  func error(refusedBy peer: String, mine: UInt64, theirs: UInt64?) -> FabricError {
    let there = theirs.map { "\($0)" } ?? "another"
    let what =
      switch self {
      case .malformed: "it could not read what this member sent"
      case .version: "this member speaks version \(mine) of the hello, it speaks \(there)"
      case .keyMissing: "this member has no cluster key, and it has one"
      case .keyUnexpected: "this member has a cluster key, and it has none"
      case .keyWrong: "it says that this member does not know the cluster key"
      case .memberCount:
        "this member belongs to a group of \(mine) members, it to \(there)"
      case .layout:
        "this member lays memory out differently: \(text(mine)) here, "
          + "\(theirs.map(text) ?? "another") there"
      case .rankOutOfRange:
        "this member calls itself rank \(mine), which its group does not have"
      case .rankTaken: "this member calls itself rank \(mine), and that rank is there already"
      case .rankOther: "this member is rank \(mine), and it wanted rank \(there)"
      case .epoch:
        "this member forms the group of epoch \(mine), it that of \(there)"
      }
    return FabricError(code, "\(peer) refused this member: \(what)", advice: advice)
  }

  /// Another epoch is no mistake of anybody.
  private var code: FabricError.Code { self == .epoch ? .epoch : .refused }

  private func text(_ fingerprint: UInt64) -> String {
    "fingerprint 0x" + String(fingerprint, radix: 16)
  }
}
