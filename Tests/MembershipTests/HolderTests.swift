// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

/// What a view change does about who holds the state of a role.
@Suite struct HolderTests {
  @Test("A majority without who alone holds the coordinators' state waits for it, and says so")
  func waitsForHolder() {
    let group = HandDriven(rules: LayoutRules(coordinators: 1))
    group.givesState = false
    group.start()
    group.start()
    group.pass(times: 20)
    #expect(group.names(0) == ["n0", "n1", "n2"])
    let number = group.members[0].view?.number ?? 0
    group.pass(times: 30) { $0.from != 0 && $0.to != 0 }
    #expect(group.members[1].reachesMajority(group.now))
    #expect(group.members[1].view?.number == number)
    #expect(group.members[1].marks.contains(.waitsForHolder))
    #expect(
      group.members[1].waits(group.now)
        == "view \(number) ends: waits for n0, who alone hold the coordinators' state")
    // Everybody hears everybody again before the change goes on: who is taken in is decided by
    // what members said last of each other.
    group.pass(times: 3) { $0.letter.sort == .heartbeat }
    #expect(group.members[1].view?.number == number)
    group.pass(times: 60)
    #expect(Set(group.views).count == 1)
    #expect(group.names(1) == ["n0", "n1", "n2"])
    #expect((group.members[1].view?.number ?? 0) > number)
  }

  @Test("A shard of which all replicas are lost begins anew, and no other state does")
  func reborn() {
    let rules = LayoutRules(coordinators: 3, shards: 1, replicas: 1)
    let group = HandDriven(formed: 3, rules: rules)
    let before = group.members[1].view?.subgroups ?? []
    #expect(before.map(\.role) == [.coordinator, .control, .shard(0)])
    #expect(before.last?.receivers == RankSet([Rank(0)]))
    group.kill(0)
    group.deliver()
    let view = group.members[1].view
    #expect(view?.members.map(\.name) == ["n1", "n2"])
    #expect(view?.subgroups.first?.bornIn == 1)
    #expect(view?.subgroups.last?.bornIn == view?.number)
    #expect(view?.subgroups.last?.joiners.isEmpty == true)
    #expect(group.members[1].marks.contains(.rebornShard))
  }

  @Test("A shard of which one replica is left goes on with what that one holds")
  func notReborn() {
    let rules = LayoutRules(coordinators: 3, shards: 1, replicas: 2)
    let group = HandDriven(formed: 3, rules: rules)
    let born = group.members[1].view?.subgroups.last?.bornIn
    #expect(group.members[1].view?.subgroups.last?.receivers == RankSet([Rank(0), Rank(1)]))
    group.givesState = false
    group.kill(0)
    group.deliver()
    let shard = group.members[1].view?.subgroups.last
    #expect(shard?.bornIn == born)
    #expect(shard?.holders == RankSet([Rank(0)]))
    #expect(shard?.joiners == RankSet([Rank(1)]))
    #expect(shard?.donor == Rank(0))
    #expect(!group.members[1].marks.contains(.rebornShard))
  }

  @Test("A view that ends for another reason keeps a leaver who alone holds a state")
  func keepsLeaver() {
    let group = HandDriven()
    group.givesState = false
    group.start()
    group.pass(times: 10)
    #expect(group.names(0) == ["n0", "n1"])
    let number = group.members[0].view?.number ?? 0
    group.act(0) { $0.leave(group.now, into: &$1) }
    group.act(1) { $0.broken(unmet: RankSet(), wasFormed: false, group.now, into: &$1) }
    group.deliver()
    #expect(group.members[0].view?.number == number + 1)
    #expect(group.names(0) == ["n0", "n1"])
    #expect(group.members[0].stopped == nil)
    #expect(group.members[0].marks.contains(.keepsLeaver))
    #expect(group.members[1].marks.contains(.breaksAgain))
  }

  @Test("All may leave at once: each stops as one that left")
  func allLeave() {
    let group = HandDriven(formed: 4)
    for index in 0...3 { group.act(index) { $0.leave(group.now, into: &$1) } }
    group.pass(times: 60)
    for index in 0...3 { #expect(group.members[index].stopped == .left) }
  }

  @Test("All may leave while each alone holds a shard: nobody is left who could take it over")
  func allLeaveShards() {
    let rules = LayoutRules(coordinators: 3, shards: 3, replicas: 1)
    let group = HandDriven(formed: 3, rules: rules)
    let number = group.members[0].view?.number ?? 0
    for index in 0...2 { group.act(index) { $0.leave(group.now, into: &$1) } }
    group.pass(times: 60)
    for index in 0...2 { #expect(group.members[index].stopped == .left) }
    #expect((group.members[0].view?.number ?? 0) <= number + 3)
  }

  @Test("Who leaves stays in one view until another has its shard")
  func leavesOneView() {
    let rules = LayoutRules(coordinators: 3, shards: 3, replicas: 1)
    let group = HandDriven(formed: 3, rules: rules)
    let number = group.members[0].view?.number ?? 0
    group.givesState = false
    for index in 0...1 { group.act(index) { $0.leave(group.now, into: &$1) } }
    group.pass(times: 40)
    #expect(group.members.map(\.stopped) == [nil, nil, nil])
    #expect((group.members[0].view?.number ?? 0) <= number + 2)
    group.givesState = true
    group.pass(times: 40)
    #expect(group.members.map(\.stopped) == [.left, .left, nil])
    #expect(group.names(2) == ["n2"])
  }
}

/// What a node says that it waits for.
@Suite struct WaitsTests {
  @Test("A node at rest waits for nothing")
  func rest() {
    let group = HandDriven(formed: 3)
    for member in group.members { #expect(member.waits(group.now) == nil) }
  }

  @Test("A node says where its way into the cluster stands")
  func joins() {
    let group = HandDriven()
    group.givesState = false
    group.start()
    #expect(
      group.members[1].waits(group.now)
        == "waits to be let in: nobody answers at h0:1; is a node running there?")
    group.pass(times: 10)
    group.start()
    group.pass(times: 10)
    #expect(group.members[2].waits(group.now) == "waits to be let in: the next view")
  }

  @Test("Each step of a change says who is waited for")
  func steps() {
    let group = HandDriven(formed: 4)
    let number = group.members[0].view?.number ?? 0
    group.kill(3)
    group.deliver { $0.letter.sort == .begin }
    #expect(group.members[0].waits(group.now) == "view \(number) ends: waits for n1, n2")
    #expect(
      group.members[1].waits(group.now)
        == "view \(number) ends: waits for n0, which leads ballot 1 of rank 0")
    group.deliver { $0.letter.sort == .report && $0.from == 2 }
    #expect(group.members[0].waits(group.now) == "view \(number) ends: waits for n1")
    group.deliver { $0.letter.sort == .report }
    #expect(
      group.members[0].waits(group.now)
        == "view \(number) ends: n1, n2, n3 must agree to view \(number + 1)")
    group.deliver()
    for index in 0...2 { #expect(group.members[index].waits(group.now) == nil) }
  }
}
