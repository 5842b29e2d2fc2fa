// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

@Suite struct JoinTests {
  @Test("Nobody is let in of whom it is not sure that it lives")
  func stamps() {
    let group = HandDriven()
    let record = HandDriven.record(8)
    func ask(_ stamp: UInt64) {
      let request = JoinRequest(record: record, rules: group.rules, stamp: stamp)
      group.act(0) {
        $0.receive(.join(request), from: record.id, group.now, into: &$1)
      }
    }
    ask(0)
    ask(0)
    #expect(group.names(0) == ["n0"])
    let stamps = group.post.map { post -> UInt64? in
      guard case .waiting(_, _, let stamp) = post.letter else { return nil }
      return stamp
    }
    #expect(stamps == [group.now, group.now])
    group.pass(times: 20)
    // What was answered long ago shows nothing of now.
    ask(1000)
    #expect(group.names(0) == ["n0"])
    ask(group.now)
    #expect(group.names(0) == ["n0", "n8"])
  }

  @Test("No more join than a majority can do without, until they hold the state")
  func limited() {
    let group = HandDriven()
    group.givesState = false
    for _ in 0..<3 { group.start() }
    group.pass(times: 20)
    #expect(group.names(0).count == 2)
    #expect(group.members[0].marks.contains(.limitsJoins))
    group.givesState = true
    group.pass(times: 40)
    #expect(group.names(0).count == 4)
    #expect(Set(group.views).count == 1)
  }

  @Test("A name that somebody has is refused, after its holder had time to be missed")
  func nameTaken() {
    let group = HandDriven(formed: 2)
    group.start(name: "n1")
    group.pass(times: 5)
    #expect(group.members[2].stopped == nil)
    #expect(group.names(0) == ["n0", "n1"])
    group.pass(times: 10)
    guard case .refused(let reason)? = group.members[2].stopped else {
      Issue.record("it is \(String(describing: group.members[2].stopped))")
      return
    }
    #expect(reason.contains("the name n1 is taken by the node at h1:1"))
    #expect(group.members[0].marks.contains(.nameTaken))
  }

  @Test("A node that was started again takes its own name back")
  func nameOfOwnLife() {
    let group = HandDriven(formed: 3)
    group.kill(2, tellsOthers: false)
    group.start(name: "n2")
    group.pass(times: 40)
    #expect(group.names(0) == ["n0", "n1", "n2"])
    #expect(group.members[3].view?.rank(of: HandDriven.id(3)) == Rank(2))
  }

  @Test("Who is set to another layout may not join, and is told what differs")
  func otherRules() {
    let group = HandDriven()
    group.start(rules: LayoutRules(coordinators: 5, shards: 2))
    group.pass(times: 2)
    #expect(
      group.members[1].stopped
        == .refused(
          "the cluster is laid out with 3 coordinators, 0 shards, 2 replicas, this node is set to "
            + "5 coordinators, 2 shards, 2 replicas; give it the same settings"))
  }

  @Test("Who hears nobody gives up in time, and says where it asked")
  func nobodyAnswers() {
    let group = HandDriven()
    group.start(joinTimeout: 200)
    group.pass(times: 30) { $0.from == $0.to }
    guard case .notJoined(let what)? = group.members[1].stopped else {
      Issue.record("it is \(String(describing: group.members[1].stopped))")
      return
    }
    #expect(what == "nobody answers at h0:1; is a node running there?")
  }

  @Test("A joiner that died is not let in")
  func deadJoiner() {
    let group = HandDriven(formed: 2)
    group.start()
    group.pass(times: 1) { $0.letter.sort == .join }
    group.kill(2)
    group.pass(times: 5)
    #expect(group.names(0) == ["n0", "n1"])
  }

  @Test("Who asks again and is in the view already is told of it")
  func alreadyIn() {
    let group = HandDriven()
    group.start()
    group.pass(times: 6) { $0.letter.sort != .commit }
    #expect(group.names(0) == ["n0", "n1"])
    #expect(group.members[1].view == nil)
    group.pass(times: 3)
    #expect(group.members[1].view == group.members[0].view)
  }
}

@Suite struct LeaveTests {
  @Test("Who leaves is let go, and the others go on")
  func leave() {
    let group = HandDriven(formed: 3)
    group.act(0) { $0.leave(group.now, into: &$1) }
    group.deliver()
    #expect(group.members[0].stopped == .left)
    #expect(group.names(1) == ["n1", "n2"])
  }

  @Test("Who alone holds a state does not leave until another has it")
  func soleHolder() {
    let group = HandDriven()
    group.givesState = false
    group.start()
    group.pass(times: 10)
    #expect(group.names(1) == ["n0", "n1"])
    group.act(0) { $0.leave(group.now, into: &$1) }
    group.pass(times: 20)
    #expect(group.members[0].stopped == nil)
    group.givesState = true
    group.pass(times: 10)
    #expect(group.members[0].stopped == .left)
    #expect(group.names(1) == ["n1"])
  }

  @Test("The last member just stops")
  func last() {
    let group = HandDriven()
    group.act(0) { $0.leave(group.now, into: &$1) }
    #expect(group.members[0].stopped == .left)
  }
}
