// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Memory
import TestSupport
import Testing
import Vocabulary

@Suite struct HandshakeTests {
  @Test(arguments: [1, 2, 3, 11, 12, 13, 500, Int.max])
  func `Members of one group find each other, however the bytes are cut`(pieces: Int) {
    for keys in [
      (HandshakePair.key(), HandshakePair.key()), (nil, nil),
    ] {
      let mine = HandshakePair.hello(rank: 2, extra: [1, 2, 3])
      let other = HandshakePair.hello(rank: 0, extra: [UInt8](repeating: 7, count: 1024))
      var pair = HandshakePair(mine, other, keys: keys)
      let ends = pair.meet(pieces: pieces)
      #expect(ends.initiator?.peer?.extra == other.extra)
      #expect(ends.initiator?.peer?.rank == 0)
      #expect(ends.acceptor?.peer?.extra == mine.extra)
      #expect(ends.acceptor?.peer?.rank == 2)
      #expect(pair.initiator.isProven && pair.acceptor.isProven)
    }
  }

  /// Every pair of ranks, group sizes, layouts and keys, against a rule that fits into one line.
  @Test func `Exactly those that agree in everything are taken in`() {
    let keys = [nil, HandshakePair.key(), HandshakePair.key("another key, as long as the first")]
    for mine in 0..<3 {
      for their in 0..<3 {
        for rank in [0, 1, 2, 3, 70] {
          for members in [2, 3] {
            for fingerprint in [0xF00D, 0xBEEF] as [UInt64] {
              let initiating = HandshakePair.hello(
                rank: rank, members: members, fingerprint: fingerprint)
              var pair = HandshakePair(
                initiating, keys: (keys[mine], keys[their]), expected: RankSet([Rank(2)]))
              let ends = pair.meet()
              let fits = mine == their && rank == 2 && members == 3 && fingerprint == 0xF00D
              #expect((ends.acceptor?.peer != nil) == fits)
              if !fits {
                #expect(ends.acceptor?.error?.code == .refused)
                #expect(ends.initiator?.error?.code == .refused)
              }
            }
          }
        }
      }
    }
  }

  struct Difference: Sendable, CustomStringConvertible {
    let description: String
    var initiating = HandshakePair.hello(rank: 2)
    var accepting = HandshakePair.hello(rank: 0)
    var hasKeys = (true, true)
    var otherKey = false
    var expected: RankSet?
    /// What the errors of initiator and acceptor have to say.
    let initiator: [String]
    let acceptor: [String]
  }

  static let differences = [
    Difference(
      description: "version", initiating: HandshakePair.hello(rank: 2, version: 1),
      initiator: [
        "refused rank 0 at host-a:7000", "version 1", "version \(Hello.currentVersion)",
        "same build",
      ],
      acceptor: ["refused host-b:41234", "version \(Hello.currentVersion)", "version 1"]),
    Difference(
      description: "epoch, whatever else differs",
      initiating: HandshakePair.hello(rank: 7, members: 9, fingerprint: 0xABC, epoch: 6),
      accepting: HandshakePair.hello(rank: 0, epoch: 5),
      initiator: ["refused rank 0 at host-a:7000", "epoch 5, this member that of epoch 6"],
      acceptor: ["host-b:41234 refused this member", "group of epoch 5, it that of 6"]),
    Difference(
      description: "layout", initiating: HandshakePair.hello(rank: 2, fingerprint: 0xABC),
      initiator: ["refused rank 0 at host-a:7000", "0xabc here", "0xf00d there"],
      acceptor: ["host-b:41234 refused this member", "0xf00d here", "0xabc there"]),
    Difference(
      description: "members", initiating: HandshakePair.hello(rank: 2, members: 4),
      initiator: ["to a group of 3 members", "this member to one of 4"],
      acceptor: ["host-b:41234", "to a group of 3 members", "it to 4"]),
    Difference(
      description: "rank out of range", initiating: HandshakePair.hello(rank: 3),
      initiator: ["rank 0 at host-a:7000 refused this member", "rank 3"],
      acceptor: ["refused host-b:41234", "rank 3", "3 members"]),
    Difference(
      description: "rank taken", expected: RankSet([Rank(1)]),
      initiator: ["rank 0 at host-a:7000 refused this member", "rank 2", "there already"],
      acceptor: ["refused host-b:41234", "rank 2", "here already"]),
    Difference(
      description: "other rank", accepting: HandshakePair.hello(rank: 1),
      initiator: ["refused rank 0 at host-a:7000", "it is rank 1", "rank 0 was to be there"],
      acceptor: ["host-b:41234 refused this member"]),
    Difference(
      description: "key missing", hasKeys: (false, true),
      initiator: ["rank 0 at host-a:7000 refused this member", "no cluster key", "key file"],
      acceptor: ["refused host-b:41234", "it has no cluster key"]),
    Difference(
      description: "key unexpected", hasKeys: (true, false),
      initiator: ["rank 0 at host-a:7000 refused this member", "has a cluster key"],
      acceptor: ["refused host-b:41234", "it has a cluster key, and this member has none"]),
    Difference(
      description: "key wrong", otherKey: true,
      initiator: ["refused rank 0 at host-a:7000", "does not know the cluster key"],
      acceptor: ["host-b:41234 refused this member", "does not know the cluster key"]),
  ]

  @Test(arguments: differences) func `Both sides say what differs`(difference: Difference) {
    let other = HandshakePair.key("another key, as long as the first")
    var pair = HandshakePair(
      difference.initiating, difference.accepting,
      keys: (
        difference.hasKeys.0 ? HandshakePair.key() : nil,
        difference.hasKeys.1 ? (difference.otherKey ? other : HandshakePair.key()) : nil
      ), expected: difference.expected)
    let ends = pair.meet()
    let isOfEpochs = difference.description.hasPrefix("epoch")
    for (step, words) in [
      (ends.initiator, difference.initiator), (ends.acceptor, difference.acceptor),
    ] {
      #expect(step?.error?.code == (isOfEpochs ? .epoch : .refused))
      let text = step?.error?.description ?? "no error: \(String(describing: step))"
      for word in words { #expect(text.contains(word)) }
      #expect(step?.error?.advice != nil)
    }
  }

  @Test func `Before the key is proven a refusal shows a code and nothing else`() throws {
    for rank in [1, 3] {
      var pair = HandshakePair(
        HandshakePair.hello(rank: rank), expected: RankSet([Rank(2)]))
      let hello = try pair.hello()
      let answer = try pair.acceptor.answer(hello)
      // Tag, version, code; then two numbers and the proof.
      #expect(answer.count < 100)
      #expect(answer.dropFirst(16).allSatisfy { $0 == 0 })
    }
  }

  @Test func `A rank that came on another way in the meantime is refused after its proof`() throws {
    var pair = HandshakePair()
    let hello = try pair.hello()
    let answer = try pair.acceptor.answer(hello)
    pair.acceptor.expected.remove(Rank(2))
    let verdict = try pair.initiator.answer(answer)
    let end = pair.acceptor.take(verdict)
    #expect(end.error?.message.contains("here already") == true)
  }
}
