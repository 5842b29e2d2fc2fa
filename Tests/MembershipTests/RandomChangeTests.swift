// SPDX-License-Identifier: Apache-2.0
import Membership
import TestSupport
import Testing
import Vocabulary

/// Views end again and again while letters are lost, late and repeated and members die: whoever
/// ends a view ends it alike.
@Suite struct RandomChangeTests {
  @Test("Whoever ends a view ends it alike, and no farther than it is")
  func agreement() {
    var ends = 0
    for seed in 1...150 { ends += play(seed) }
    #expect(ends > 300, "the runs get somewhere")
  }

  /// Plays a group of five; returns how often a member ended a view.
  private func play(_ seed: Int) -> Int {
    var random = RandomSource(seed)
    let group = HandDriven(formed: 5)
    let formed = group.installed.map(\.count)
    var isDone = false
    for _ in 0..<random.number(40...160) where !isDone {
      for index in 0..<5 where group.received[index] == 0 {
        group.received[index] = UInt64(random.number(1...9))
      }
      disturb(group, &random)
      isDone = group.views.isEmpty
    }
    group.pass(times: 100)
    check(group, formed, seed)
    return zip(group.installed, formed).map { $0.count - $1 }.reduce(0, +)
  }

  private func disturb(_ group: HandDriven, _ random: inout RandomSource) {
    let index = random.number(0...4)
    let other = random.number(0...4)
    switch random.number(0...20) {
    case 0:
      guard group.alive.filter({ $0 }).count > 3 else { return }
      group.kill(index, tellsOthers: random.number(0...1) == 0)
    case 1, 2:
      group.act(index) {
        $0.unreachable(HandDriven.id(other), isGone: false, group.now, into: &$1)
      }
    case 3:
      group.act(index) { $0.broken(unmet: RankSet(), wasFormed: true, group.now, into: &$1) }
    case 4, 5: group.lose { _ in random.number(0...3) == 0 }
    case 6:
      group.jump(HandDriven.heartbeat)
      group.act(index) { $0.tick(group.now, into: &$1) }
    case 7: group.jump(HandDriven.heartbeat / 2)
    default:
      guard !group.post.isEmpty else {
        group.jump(HandDriven.heartbeat)
        for index in 0..<5 { group.act(index) { $0.tick(group.now, into: &$1) } }
        return
      }
      let place = random.number(0...(group.post.count - 1))
      let letter = group.post[place]
      if random.number(0...9) > 0 { group.post.remove(at: place) }
      group.receive(letter)
    }
  }

  private func check(_ group: HandDriven, _ formed: [Int], _ seed: Int) {
    var decisions: [UInt64: Decision] = [:]
    for index in 0..<5 {
      for decision in group.installed[index].dropFirst(formed[index]) {
        let known = decisions[decision.view] ?? decision
        decisions[decision.view] = known
        #expect(known.next == decision.next, "seed \(seed): two views follow")
        #expect(known.trims == decision.trims, "seed \(seed): two trims")
      }
      let final = group.members[index].stopped
      if case .incomplete? = final { Issue.record("seed \(seed): node \(index) lacks messages") }
    }
  }
}
