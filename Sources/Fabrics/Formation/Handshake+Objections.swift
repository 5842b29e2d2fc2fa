// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// What a member or a node holds against a peer whose hello it has read.
extension Handshake {
  /// Why the peer is refused, and what each side says about it as a number.
  struct Objection {
    let code: Refusal
    var mine: UInt64 = 0
    var theirs: UInt64 = 0
  }

  /// What an acceptor objects to before it answers. All else is found by the initiator too, in the
  /// answer, after the proof: so both sides can name both values.
  func earlyObjection(to hello: Hello) -> Objection? {
    if let objection = objectionToPurpose(of: hello) { return objection }
    if let introduction = mine.introduction {
      return hello.introduction?.id == introduction.id ? Objection(code: .itself) : nil
    }
    // Ranks mean something in one epoch only.
    let isSameGroup = hello.epoch == mine.epoch && hello.memberCount == mine.memberCount
    return isSameGroup ? objectionToRank(of: hello) : nil
  }

  /// What a proven peer may still differ in.
  func objection(to hello: Hello) -> Objection? {
    if let objection = objectionToPurpose(of: hello) { return objection }
    if let mine = mine.introduction, let theirs = hello.introduction {
      return objection(mine, theirs)
    }
    if hello.epoch != mine.epoch {
      return Objection(code: .epoch, mine: mine.epoch, theirs: hello.epoch)
    }
    if hello.memberCount != mine.memberCount {
      return Objection(
        code: .memberCount, mine: UInt64(mine.memberCount), theirs: UInt64(hello.memberCount))
    }
    if let objection = objectionToRank(of: hello) { return objection }
    if hello.fingerprint != mine.fingerprint {
      return Objection(code: .layout, mine: mine.fingerprint, theirs: hello.fingerprint)
    }
    return nil
  }

  private func objectionToPurpose(of hello: Hello) -> Objection? {
    (hello.introduction == nil) == (mine.introduction == nil) ? nil : Objection(code: .purpose)
  }

  private func objection(_ mine: NodeIntroduction, _ theirs: NodeIntroduction) -> Objection? {
    if theirs.cluster != mine.cluster { return Objection(code: .cluster) }
    if theirs.version != mine.version {
      return Objection(
        code: .letterVersion, mine: UInt64(mine.version), theirs: UInt64(theirs.version))
    }
    if theirs.id == mine.id { return Objection(code: .itself) }
    if let wanted, theirs.id != wanted { return Objection(code: .nodeOther) }
    return nil
  }

  private func objectionToRank(of hello: Hello) -> Objection? {
    let theirs = UInt64(hello.rank)
    guard hello.rank < mine.memberCount else {
      return Objection(code: .rankOutOfRange, mine: UInt64(mine.memberCount), theirs: theirs)
    }
    if expected.contains(Rank(hello.rank)) { return nil }
    if role == .initiator, let wanted = expected.first {
      return Objection(code: .rankOther, mine: UInt64(wanted.index), theirs: theirs)
    }
    return Objection(code: .rankTaken, mine: UInt64(mine.rank), theirs: theirs)
  }

  /// What this member itself says about what a refusal is about.
  func ownNumber(_ code: Refusal) -> UInt64 {
    switch code {
    case .version: UInt64(mine.version)
    case .memberCount: UInt64(mine.memberCount)
    case .layout: mine.fingerprint
    case .epoch: mine.epoch
    case .letterVersion: UInt64(mine.introduction?.version ?? 0)
    default: UInt64(mine.rank)
    }
  }

  /// How an error shows what both sides say. A verdict has room for numbers alone: names are those
  /// of the hellos.
  func values(_ code: Refusal, _ mine: UInt64, _ theirs: UInt64?) -> Refusal.Values {
    let own = self.mine.introduction
    let other = peerHello?.introduction
    let party = own == nil ? "member" : "node"
    switch code {
    case .layout:
      return Refusal.Values(
        mine: Self.text(fingerprint: mine), theirs: theirs.map(Self.text(fingerprint:)))
    case .purpose:
      let purposes = ["to meet its group", "to carry letters"]
      let isGroup = own == nil
      return Refusal.Values(
        mine: purposes[isGroup ? 0 : 1], theirs: purposes[isGroup ? 1 : 0], party: party)
    case .cluster:
      return Refusal.Values(mine: own?.cluster ?? "", theirs: other?.cluster, party: party)
    case .nodeOther:
      guard let wanted else {
        return Refusal.Values(mine: own.map { "\($0.id)" } ?? "", theirs: nil)
      }
      return Refusal.Values(mine: "\(wanted)", theirs: other.map { "\($0.id)" })
    default: return Refusal.Values(mine: "\(mine)", theirs: theirs.map { "\($0)" }, party: party)
    }
  }

  private static func text(fingerprint: UInt64) -> String {
    "fingerprint 0x" + String(fingerprint, radix: 16)
  }
}
