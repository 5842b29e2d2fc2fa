// SPDX-License-Identifier: Apache-2.0
import Membership
import Memory
import TestSupport
import Testing
import Vocabulary

@Suite struct LetterTests {
  private func read(_ bytes: [UInt8]) -> Letter? {
    bytes.withBytes { try? LetterReader.read($0) }
  }

  @Test("Letters of every kind are read as they were written", arguments: Letter.Sort.allCases)
  func roundTrip(_ sort: Letter.Sort) {
    for seed in 1...40 {
      var letters = RandomLetters(seed)
      let letter = letters.next(sort)
      #expect(letter.sort == sort)
      #expect(read(letter.encoded) == letter, "seed \(seed)")
    }
  }

  @Test("A letter that was cut off is refused", arguments: Letter.Sort.allCases)
  func truncated(_ sort: Letter.Sort) {
    for seed in 1...4 {
      var letters = RandomLetters(seed)
      let bytes = letters.next(sort).encoded
      for count in 0..<bytes.count {
        #expect(read(Array(bytes[..<count])) == nil, "seed \(seed), \(count) of \(bytes.count)")
      }
      #expect(read(bytes + [0]) == nil)
    }
  }

  @Test("A damaged letter is refused, or is another one that can be written")
  func damaged() {
    var refused = 0
    for seed in 1...3000 {
      var letters = RandomLetters(seed)
      var bytes = letters.next().encoded
      for _ in 0..<letters.random.number(1...3) {
        bytes[letters.random.number(0...(bytes.count - 1))] = UInt8(letters.random.number(0...255))
      }
      guard let letter = read(bytes) else {
        refused += 1
        continue
      }
      let again = read(letter.encoded)
      #expect(again == letter, "seed \(seed)")
    }
    #expect(refused > 300)
  }

  @Test("Noise is no letter that harms")
  func noise() {
    var random = RandomSource(5)
    for _ in 0..<3000 {
      let bytes = random.bytes(random.number(0...200))
      if let letter = read(bytes) { #expect(read(letter.encoded) == letter) }
    }
  }

  @Test("Letters beyond the limit are refused unread")
  func oversize() {
    #expect(read([UInt8](repeating: 1, count: Limits.letterBytes + 1)) == nil)
    let reason = [UInt8](repeating: 0x61, count: 2001)
    var out = ByteBuffer()
    out.append(11 as UInt8)
    out.appendVarint(2001)
    reason.withBytes { out.append($0) }
    #expect(read(Array(out.bytes)) == nil)
  }

  @Test("The largest view fits into a letter")
  func largest() {
    let name = String(repeating: "x", count: Limits.nameBytes)
    let members = (0..<Limits.members).map { index in
      MemberRecord(
        id: NodeID(high: UInt64(index), low: 0), name: name, host: name, address: name,
        endpoint: name)
    }
    let rules = LayoutRules(coordinators: 64, shards: Limits.shards, replicas: 64)
    let view = View(
      cluster: NodeID(high: 1, low: 1), number: .max / 2, members: members, rules: rules,
      subgroups: Layout.assign(members, previous: [], rules: rules, view: 1))
    let decision = Decision(
      ballot: Ballot(attempt: .max - 1, leader: Rank(63)),
      trims: [UInt64](repeating: .max, count: view.subgroups.count), next: view)
    let bytes = Letter.commit(decision).encoded
    #expect(bytes.count < Limits.letterBytes)
    #expect(read(bytes) == .commit(decision))
  }

  @Test("A view whose roles are those of nobody is refused")
  func unsound() {
    let member = HandDriven.record(0)
    func letter(_ change: (inout [Rank], inout RankSet, inout RankSet) -> Void) -> Letter {
      var senders = [Rank(0)]
      var receivers = RankSet([Rank(0)])
      var holders = RankSet([Rank(0)])
      change(&senders, &receivers, &holders)
      let group = SubgroupAssignment(
        role: .coordinator, senders: senders, receivers: receivers, holders: holders, bornIn: 1)
      let view = View(
        cluster: NodeID(high: 1, low: 1), number: 2, members: [member], rules: LayoutRules(),
        subgroups: [group])
      return .commit(Decision(ballot: Ballot(attempt: 1, leader: Rank(0)), trims: [0], next: view))
    }
    #expect(read(letter { _, _, _ in }.encoded) != nil)
    #expect(read(letter { senders, _, _ in senders = [Rank(1)] }.encoded) == nil)
    #expect(read(letter { senders, _, _ in senders = [] }.encoded) == nil)
    #expect(read(letter { senders, _, _ in senders = [Rank(0), Rank(0)] }.encoded) == nil)
    #expect(read(letter { _, receivers, _ in receivers.insert(Rank(3)) }.encoded) == nil)
    #expect(read(letter { _, _, holders in holders = RankSet() }.encoded) == nil)
    #expect(read(letter { _, receivers, _ in receivers = RankSet() }.encoded) == nil)
  }

  @Test("A ballot with no attempt behind it is no ballot")
  func lastAttempt() {
    let letter = Letter.begin(view: 1, Ballot(attempt: .max, leader: Rank(0)))
    #expect(throws: LetterReader.Damaged.self) {
      try letter.encoded.withBytes { try LetterReader.read($0) }
    }
  }
}
