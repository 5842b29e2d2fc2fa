// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

/// A leader dies at each point of a change, and the next one ends what it began.
@Suite struct ViewChangeTests {
  /// Five members, of which the last has died and the first has begun a ballot.
  private func begun() -> (HandDriven, UInt64) {
    let group = HandDriven(formed: 5)
    let number = group.members[0].view?.number ?? 0
    group.kill(4)
    #expect(group.post.contains { $0.letter.sort == .begin && $0.from == 0 })
    return (group, number)
  }

  private func expectOneView(_ group: HandDriven, _ members: [String]) {
    let views = group.views
    #expect(Set(views).count == 1)
    #expect(views.first??.members.map(\.name) == members)
  }

  @Test("Without more faults the change goes through, and who is gone is forgotten")
  func plain() {
    let (group, number) = begun()
    group.deliver()
    expectOneView(group, ["n0", "n1", "n2", "n3"])
    #expect(group.members[0].view?.number == number + 1)
    for index in 0...3 { #expect(group.forgotten[index] == [HandDriven.id(4)]) }
  }

  @Test("The leader dies after one member heard it begin")
  func afterBegin() {
    let (group, number) = begun()
    group.deliver { $0.letter.sort == .begin && $0.to == 1 }
    group.kill(0)
    group.deliver()
    expectOneView(group, ["n1", "n2", "n3"])
    #expect(group.members[1].view?.number == number + 1)
    #expect(group.members[1].marks.contains(.takeover))
  }

  @Test("The leader dies with its proposal unheard")
  func afterPropose() {
    let (group, number) = begun()
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    #expect(group.post.contains { $0.letter.sort == .propose })
    group.kill(0)
    group.deliver()
    expectOneView(group, ["n1", "n2", "n3"])
    #expect(group.members[1].view?.number == number + 1)
  }

  @Test("The leader dies after one member stood by its proposal: that is what happens")
  func afterOneEcho() {
    let (group, number) = begun()
    group.received = [5, 3, 4, 4, 0]
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    group.deliver { $0.letter.sort == .propose && $0.to == 2 }
    let proposal = group.members[2].echoed
    #expect(proposal?.next.members.map(\.name) == ["n0", "n1", "n2", "n3"])
    group.kill(0)
    group.deliver { $0.letter.sort != .heartbeat }
    #expect(group.members[1].marks.contains(.adoptsEcho))
    for index in 1...3 {
      let first = group.installed[index].first { $0.view == number }
      #expect(first?.next == proposal?.next)
      #expect(first?.trims == proposal?.trims)
    }
    group.pass(times: 20)
    expectOneView(group, ["n1", "n2", "n3"])
  }

  @Test("The leader dies after one member was told of the decision: the others follow it")
  func afterOneCommit() {
    let (group, number) = begun()
    group.received = [5, 3, 4, 4, 0]
    group.deliver {
      [.begin, .report, .propose, .echo].contains($0.letter.sort)
    }
    group.deliver { $0.letter.sort == .commit && $0.to == 3 }
    #expect(group.members[3].view?.number == number + 1)
    #expect(group.members[1].view?.number == number)
    group.kill(0)
    group.deliver()
    group.pass(times: 20)
    for index in 1...3 {
      #expect(group.installed[index].first { $0.view == number }?.next.members.count == 4)
    }
    let decisions = (1...3).map { group.installed[$0].first { $0.view == number } }
    #expect(Set(decisions.map { $0?.next }).count == 1)
    #expect(Set(decisions.map { $0?.trims }).count == 1)
    expectOneView(group, ["n1", "n2", "n3"])
  }

  @Test("Who missed the decision is told again")
  func missedCommit() {
    let (group, _) = begun()
    group.deliver { $0.letter.sort != .commit || $0.to != 2 }
    group.lose()
    group.pass(times: 5)
    expectOneView(group, ["n0", "n1", "n2", "n3"])
    #expect(group.members.contains { $0.marks.contains(.repeatsCommit) })
  }

  @Test("Letters that are lost are written again")
  func lostLetters() {
    for sort in [Letter.Sort.begin, .report, .propose, .echo] {
      let (group, _) = begun()
      group.deliver { $0.letter.sort != sort }
      group.lose()
      group.pass(times: 5)
      expectOneView(group, ["n0", "n1", "n2", "n3"])
    }
  }

  @Test("Two contend for the lead, and one view follows")
  func contend() {
    let (group, number) = begun()
    group.deliver { $0.letter.sort == .begin && $0.to == 3 }
    group.act(1) { $0.unreachable(HandDriven.id(0), isGone: false, group.now, into: &$1) }
    let begins = group.post.filter { $0.letter.sort == .begin }
    #expect(Set(begins.map(\.from)) == [0, 1])
    group.deliver()
    group.pass(times: 100)
    let views = group.views
    #expect(Set(views).count == 1)
    #expect((views[0]?.number ?? 0) > number)
    for index in 0...3 {
      let first = group.installed[index].first { $0.view == number }
      #expect(first == nil || first?.next == group.installed[3].first { $0.view == number }?.next)
    }
    #expect(group.members.contains { $0.marks.contains(.behind) || $0.marks.contains(.takeover) })
  }

  @Test("A member that cannot hear another is not in one view with it")
  func oneWaySilence() {
    let group = HandDriven(formed: 4)
    group.pass(times: 40) { $0.from != 3 || $0.to != 1 }
    let names = group.names(0)
    #expect(names.count == 3)
    #expect(!(names.contains("n1") && names.contains("n3")))
    #expect(Set(group.views).count <= 2)
  }

  @Test("A member that comes back before the view changes stays")
  func comesBack() {
    let group = HandDriven(formed: 3)
    let number = group.members[0].view?.number
    group.act(1) { $0.unreachable(HandDriven.id(2), isGone: false, group.now, into: &$1) }
    group.lose()
    #expect(group.members[1].suspects(group.now) == RankSet([Rank(2)]))
    group.act(2) { $0.tick(group.now + 10, into: &$1) }
    group.deliver { $0.letter.sort == .heartbeat && $0.from == 2 }
    #expect(group.members[1].suspects(group.now).isEmpty)
    group.lose()
    group.pass(times: 10)
    #expect(group.members[0].view?.number == number)
  }

  @Test("A member whose process ended is not believed to live, whatever letter of it comes late")
  func goneStaysGone() {
    let group = HandDriven(formed: 3)
    let late = HandDriven.Post(from: 2, to: 0, letter: .heartbeat(Health(view: 3)))
    group.kill(2)
    group.lose()
    group.receive(late)
    #expect(group.members[0].suspects(group.now) == RankSet([Rank(2)]))
  }

  @Test("A broken fabric alone ends a view, and its members go on together")
  func brokenFabric() {
    let group = HandDriven(formed: 3)
    let number = group.members[0].view?.number ?? 0
    group.act(2) { $0.broken(unmet: RankSet(), wasFormed: true, group.now, into: &$1) }
    group.deliver()
    expectOneView(group, ["n0", "n1", "n2"])
    #expect(group.members[0].view?.number == number + 1)
  }

  @Test("Members that could not meet are not together in the next view")
  func unmet() {
    let group = HandDriven(formed: 4)
    group.act(3) { $0.broken(unmet: RankSet([Rank(2)]), wasFormed: false, group.now, into: &$1) }
    group.deliver()
    #expect(group.names(0) == ["n0", "n1", "n2"])
    #expect(group.members[0].marks.contains(.excludesConflict))
  }
}
