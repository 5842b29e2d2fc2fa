// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

/// Nodes that are apart from the others, or were asleep.
@Suite struct MinorityTests {
  @Test("Who cannot reach a majority says whom it waits for, and changes nothing")
  func waits() {
    let group = HandDriven(formed: 3)
    let number = group.members[2].view?.number
    group.pass(times: 30) { $0.to != 2 && $0.from != 2 }
    #expect(!group.members[2].reachesMajority(group.now))
    #expect(
      group.members[2].waits(group.now)
        == "hears 1 of 3 members and needs 2: waits for n0, n1")
    #expect(group.members[2].view?.number == number)
    #expect(group.names(0) == ["n0", "n1"])
  }

  @Test("Who the others went on without stops when it is heard again")
  func excluded() {
    let group = HandDriven(formed: 3)
    group.pass(times: 30) { $0.to != 2 && $0.from != 2 }
    group.pass(times: 3)
    let number = group.members[0].view?.number ?? 0
    #expect(group.members[2].stopped == .excluded(view: number))
    #expect(group.members[0].stopped == nil && group.members[1].stopped == nil)
  }

  @Test("Who is unknown is not answered as if it had been a member")
  func stranger() {
    let group = HandDriven(formed: 2)
    group.act(0) {
      $0.receive(
        .heartbeat(Health(view: 1)), from: NodeID(high: 4242, low: 1), group.now, into: &$1)
    }
    #expect(group.post.isEmpty)
  }

  @Test("Halves that nobody went on without come together again")
  func together() {
    let group = HandDriven(formed: 4)
    group.pass(times: 30) { $0.from / 2 == $0.to / 2 }
    for index in 0...3 { #expect(!group.members[index].reachesMajority(group.now)) }
    group.pass(times: 60)
    #expect(Set(group.views).count == 1)
    #expect(group.names(3) == ["n0", "n1", "n2", "n3"])
  }

  @Test("A stop of one's own is not the silence of others")
  func ownStall() {
    let group = HandDriven(formed: 3)
    let number = group.members[0].view?.number
    group.jump(50 * HandDriven.suspectAfter)
    group.act(0) { $0.tick(group.now, into: &$1) }
    #expect(group.members[0].marks.contains(.ownStall))
    #expect(group.members[0].suspects(group.now).isEmpty)
    group.pass(times: 5)
    #expect(group.members[0].view?.number == number)
  }

  @Test("Silence is noticed after the patience, and not before")
  func patience() {
    let group = HandDriven(formed: 3)
    group.pass(times: 9) { $0.from != 2 }
    #expect(group.members[0].suspects(group.now).isEmpty)
    group.pass(times: 3) { $0.from != 2 }
    #expect(group.members[0].view?.members.count == 2)
  }

  @Test("Clocks that go back harm nothing")
  func clockBack() {
    let group = HandDriven(formed: 2)
    group.act(0) { $0.tick(1, into: &$1) }
    #expect(group.members[0].suspects(1).isEmpty)
    group.pass(times: 3)
    #expect(group.names(0) == ["n0", "n1"])
  }
}
