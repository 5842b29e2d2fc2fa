// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Multicast

@Suite("Scripts of members")
struct BlockScriptTests {
  static func scripts(_ algorithm: BlockAlgorithm, _ members: Int, _ blocks: Int) -> [BlockScript] {
    let schedule = BlockSchedule(algorithm: algorithm, members: members, blocks: blocks)
    return (0..<members).map { BlockScript(schedule, member: $0) }
  }

  /// What a script says against the transfers that concern its member.
  private static func fault(_ script: BlockScript, _ transfers: [Transfer], _ n: Int) -> String? {
    let sent = transfers.filter { $0.source == script.member }
    guard script.sends.map(\.target) == sent.map(\.target),
      script.sends.map(\.block) == sent.map(\.block)
    else { return "sends other blocks, or in another order" }
    for source in 0..<n {
      let blocks = transfers.filter { $0.source == source && $0.target == script.member }
        .map(\.block)
      if script.count(from: source) != blocks.count { return "counts wrong from \(source)" }
      for (ordinal, block) in blocks.enumerated() {
        if script.block(ordinal, from: source) != block { return "order from \(source)" }
        if script.source(of: block) != source { return "source of \(block)" }
        if script.ordinal(of: block) != ordinal { return "ordinal of \(block)" }
      }
    }
    return nil
  }

  @Test("A script holds its member's transfers, and numbers what comes from each source")
  func consistent() {
    for algorithm in BlockAlgorithm.allCases {
      for n in [1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 21, 64] {
        for k in [1, 2, 3, 8, 13] {
          let schedule = BlockSchedule(algorithm: algorithm, members: n, blocks: k)
          let transfers = schedule.transfers
          for script in Self.scripts(algorithm, n, k) {
            #expect(
              Self.fault(script, transfers, n) == nil,
              "\(algorithm), member \(script.member) of \(n), \(k) blocks")
          }
        }
      }
    }
  }

  /// Members that follow their scripts for messages one after another, in any order in time.
  private struct Play {
    /// By message and member.
    let scripts: [[BlockScript]]
    let members: Int
    /// By member: the message and send that come next.
    var next: [(message: Int, send: Int)]
    /// By message, member and block.
    var held: [[[Bool]]]
    /// By target and source: how many blocks came, over all messages.
    var arrived: [[Int]]
    /// By message, target and source: how many came before the message's first.
    var before: [[[Int]]]
    var fault: String?

    init(_ scripts: [[BlockScript]], members: Int) {
      self.scripts = scripts
      self.members = members
      next = [(Int, Int)](repeating: (0, 0), count: members)
      held = scripts.map { all in
        all.map { [Bool](repeating: $0.isRoot, count: $0.blocks) }
      }
      arrived = [[Int]](repeating: [Int](repeating: 0, count: members), count: members)
      var sum = arrived
      before = []
      for message in scripts {
        before.append(sum)
        for (target, source) in (0..<members).flatMap({ t in (0..<members).map { (t, $0) } }) {
          sum[target][source] += message[target].count(from: source)
        }
      }
    }

    /// The block that a member sends next, if it holds it.
    func ready(_ member: Int) -> BlockScript.Send? {
      let (message, place) = next[member]
      guard message < scripts.count else { return nil }
      let send = scripts[message][member].sends[place]
      return held[message][member][send.block] ? send : nil
    }

    /// Passes over messages in which the member has nothing more to send.
    mutating func settle(_ member: Int) {
      while next[member].message < scripts.count,
        next[member].send == scripts[next[member].message][member].sends.count
      {
        next[member] = (next[member].message + 1, 0)
      }
    }

    mutating func perform(_ send: BlockScript.Send, from source: Int) {
      let message = next[source].message
      let script = scripts[message][send.target]
      let ordinal = arrived[send.target][source] - before[message][send.target][source]
      if script.source(of: send.block) != source || script.ordinal(of: send.block) != ordinal {
        fault = "message \(message): block \(send.block) comes from \(source) as no. \(ordinal)"
      }
      if held[message][send.target][send.block] { fault = "block \(send.block) comes twice" }
      held[message][send.target][send.block] = true
      arrived[send.target][source] += 1
      next[source].send += 1
      settle(source)
    }

    /// Lets one member after the other go on, by chance, until nobody can.
    mutating func run(_ random: inout RandomSource) {
      for member in 0..<members { settle(member) }
      // Some members are slow for a while: chance alone would keep all of them abreast.
      var slow = 0
      while fault == nil {
        if random.number(0...40) == 0 { slow = random.number(0...(members - 1)) }
        let able = (0..<members).compactMap { member in ready(member).map { (member, $0) } }
        guard !able.isEmpty else { return }
        let quick = able.filter { $0.0 != slow }
        let choice = quick.isEmpty ? able : quick
        let (member, send) = choice[random.number(0...(choice.count - 1))]
        perform(send, from: member)
      }
    }

    var isComplete: Bool { held.allSatisfy { $0.allSatisfy { $0.allSatisfy { $0 } } } }
  }

  @Test(
    "Members that follow their scripts at any pace always finish, over several messages",
    arguments: BlockAlgorithm.allCases)
  func noDeadlock(_ algorithm: BlockAlgorithm) {
    for seed in 1...60 {
      var random = RandomSource(seed)
      let n = random.number(1...(seed % 6 == 0 ? 64 : 13))
      let sizes = (0..<random.number(1...4)).map { _ in random.number(1...(n > 13 ? 9 : 24)) }
      var play = Play(sizes.map { Self.scripts(algorithm, n, $0) }, members: n)
      play.run(&random)
      #expect(play.fault == nil, "seed \(seed): \(n) members, blocks \(sizes)")
      #expect(play.isComplete, "seed \(seed): \(n) members, blocks \(sizes): stuck")
    }
  }

  @Test("The largest message in the largest group has all of its blocks in a member's script")
  func large() {
    for members in [64, 63] {
      let schedule = BlockSchedule(algorithm: .binomial, members: members, blocks: 65_535)
      for member in [1, members - 1] {
        let script = BlockScript(schedule, member: member)
        #expect((0..<members).map { script.count(from: $0) }.reduce(0, +) == 65_535)
        #expect(script.sends.count <= schedule.steps)
      }
    }
  }
}
