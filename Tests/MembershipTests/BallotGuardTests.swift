// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

/// What a member does with letters of ballots that are over, one guard at a time.
@Suite struct BallotGuardTests {
  /// Five members whose view ends because its fabric broke.
  private func breaking(at received: UInt64 = 0) -> (HandDriven, UInt64) {
    let group = HandDriven(formed: 5)
    group.received = [UInt64](repeating: received, count: 5)
    group.act(0) { $0.broken(unmet: RankSet(), wasFormed: true, group.now, into: &$1) }
    group.lose { $0.letter.sort == .heartbeat }
    return (group, group.members[0].view?.number ?? 0)
  }

  private func sorts(_ group: HandDriven, from: Int) -> [Letter.Sort] {
    group.post.filter { $0.from == from }.map(\.letter.sort)
  }

  @Test("A member that promised a newer ballot tells the leader of an older one")
  func olderBegin() {
    let (group, view) = breaking()
    group.lose()
    let newer = Ballot(attempt: 2, leader: Rank(1))
    group.receive(.init(from: 1, to: 3, letter: .begin(view: view, newer)))
    #expect(sorts(group, from: 3) == [.report])
    group.lose()
    let older = Ballot(attempt: 1, leader: Rank(0))
    group.receive(.init(from: 0, to: 3, letter: .begin(view: view, older)))
    #expect(group.post.map(\.letter) == [.behind(view: view, newer)])
    #expect(group.post.map(\.to) == [0])
  }

  @Test("A ballot is not promised for another view")
  func otherView() {
    let (group, view) = breaking()
    group.lose()
    for other in [view - 1, view + 1] {
      let ballot = Ballot(attempt: 9, leader: Rank(1))
      group.receive(.init(from: 1, to: 3, letter: .begin(view: other, ballot)))
      #expect(!group.members[3].isWedged)
    }
  }

  @Test("A ballot is begun and proposed by its leader alone")
  func otherLeader() {
    let (group, view) = breaking()
    group.lose()
    let ballot = Ballot(attempt: 9, leader: Rank(1))
    group.receive(.init(from: 2, to: 3, letter: .begin(view: view, ballot)))
    #expect(!group.members[3].isWedged)
  }

  @Test("A member stands by no proposal of a ballot that it has left")
  func olderPropose() throws {
    let (group, view) = breaking()
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    let proposal = try #require(group.post.first { $0.letter.sort == .propose && $0.to == 3 })
    group.lose()
    group.receive(
      .init(from: 1, to: 3, letter: .begin(view: view, Ballot(attempt: 2, leader: Rank(1)))))
    group.lose()
    group.receive(proposal)
    #expect(group.members[3].echoed == nil)
    #expect(group.post.isEmpty)
  }

  @Test("A member that goes on stands by no trim that it does not have")
  func trimNotHeld() throws {
    let (group, _) = breaking(at: 4)
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    let post = try #require(group.post.first { $0.letter.sort == .propose && $0.to == 3 })
    guard case .propose(let decision) = post.letter else { return }
    #expect(decision.trims.allSatisfy { $0 == 4 })
    let more = Decision(
      ballot: decision.ballot, trims: decision.trims.map { $0 + 1 }, next: decision.next)
    group.lose()
    group.receive(.init(from: 0, to: 3, letter: .propose(more)))
    #expect(group.members[3].echoed == nil)
    group.receive(.init(from: 0, to: 3, letter: .commit(more)))
    #expect(group.members[3].stopped == .incomplete(view: decision.view))
  }

  @Test(
    "Nothing is decided before a majority stands by it, and echoes of other ballots do not count")
  func echoes() {
    let (group, view) = breaking()
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    let ballot = Ballot(attempt: 1, leader: Rank(0))
    group.lose()
    let other = Ballot(attempt: 2, leader: Rank(1))
    for member in 1...4 {
      group.receive(.init(from: member, to: 0, letter: .echo(view: view, other)))
    }
    #expect(group.members[0].view?.number == view)
    group.receive(.init(from: 1, to: 0, letter: .echo(view: view, ballot)))
    group.receive(.init(from: 1, to: 0, letter: .echo(view: view, ballot)))
    #expect(group.members[0].view?.number == view)
    group.receive(.init(from: 2, to: 0, letter: .echo(view: view, ballot)))
    #expect(group.members[0].view?.number == view + 1)
  }

  @Test("A leader proposes with the reports of a majority for its own ballot, and once")
  func reports() {
    let (group, view) = breaking()
    group.deliver { $0.letter.sort == .begin }
    let reports = group.post.filter { $0.letter.sort == .report }
    #expect(reports.map(\.from) == [1, 2, 3, 4])
    group.lose()
    func report(_ index: Int, _ ballot: Ballot) {
      guard case .report(let report) = reports[index].letter else { return }
      let changed = Report(
        view: view, ballot: ballot, columns: report.columns, suspects: report.suspects,
        unmet: report.unmet, isLeaving: report.isLeaving, echoed: report.echoed)
      group.receive(.init(from: index + 1, to: 0, letter: .report(changed)))
    }
    for index in 0..<4 { report(index, Ballot(attempt: 7, leader: Rank(0))) }
    #expect(group.post.isEmpty)
    let own = Ballot(attempt: 1, leader: Rank(0))
    // The others are not waited for: their way is lost.
    for member in [3, 4] {
      group.act(0) {
        $0.unreachable(HandDriven.id(member), isGone: false, group.now, into: &$1)
      }
    }
    group.lose()
    report(0, own)
    #expect(group.post.isEmpty, "two of five are no majority")
    report(1, own)
    #expect(group.post.map(\.letter.sort) == [.propose, .propose])
    group.lose()
    report(2, own)
    #expect(group.post.isEmpty, "it proposes once")
  }

  @Test("A leader that promised a newer ballot leads its own no more")
  func overtaken() {
    let (group, view) = breaking()
    group.deliver { $0.letter.sort == .begin }
    let reports = group.post.filter { $0.letter.sort == .report }
    group.lose()
    let newer = Ballot(attempt: 2, leader: Rank(1))
    group.receive(.init(from: 1, to: 0, letter: .begin(view: view, newer)))
    #expect(group.post.map(\.letter.sort) == [.report])
    group.lose()
    for report in reports { group.receive(report) }
    #expect(group.post.isEmpty)
  }

  @Test("Of several proposals that members stood by, the latest is taken over")
  func latestEcho() {
    let (group, view) = breaking()
    // The first leader's proposal reaches one member.
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    group.deliver { $0.letter.sort == .propose && $0.to == 2 }
    group.kill(0)
    // The second one does not hear that member, and proposes something else.
    group.lose { $0.to == 2 || $0.from == 2 }
    group.act(1) { $0.unreachable(HandDriven.id(2), isGone: false, group.now, into: &$1) }
    group.lose { $0.to == 2 || $0.letter.sort == .heartbeat }
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    group.deliver { $0.letter.sort == .propose && $0.to == 3 }
    let early = group.members[2].echoed?.next
    let late = group.members[3].echoed?.next
    #expect(early?.members.count == 5)
    #expect(late?.members.map(\.name) == ["n1", "n3", "n4"])
    group.lose()
    group.kill(1)
    group.deliver { $0.letter.sort != .heartbeat }
    for index in 2...4 {
      let decision = group.installed[index].last
      #expect(decision?.view != view || decision?.next == late)
    }
    #expect(group.members[3].view == late && group.members[4].view == late)
    #expect(group.members[2].stopped == .excluded(view: view + 1))
  }

  @Test("Where nobody who reports holds the coordinators' state, the view waits for who does")
  func noHolder() {
    let group = HandDriven(formed: 5, rules: LayoutRules(coordinators: 1))
    let holder = group.members[0].view?.subgroups[0].receivers.first?.index ?? 0
    #expect(holder == 0)
    group.givesState = false
    group.kill(0)
    group.deliver()
    #expect(group.members[1].marks.contains(.waitsForHolder))
    #expect(
      group.members[1].waits(group.now)?.contains("n0, who alone hold the coordinators' state")
        == true)
    #expect(group.names(1).count == 5)
  }

  @Test("A leader that lost the others takes nothing over alone")
  func echoOfMinority() {
    let (group, _) = breaking()
    group.deliver { $0.letter.sort == .begin || $0.letter.sort == .report }
    group.deliver { $0.letter.sort == .propose && $0.to == 2 }
    group.lose()
    group.kill(0)
    group.kill(1)
    #expect(group.post.contains { $0.letter.sort == .begin && $0.from == 2 })
    group.lose()
    for member in [3, 4] {
      group.act(2) {
        $0.unreachable(HandDriven.id(member), isGone: false, group.now, into: &$1)
      }
    }
    #expect(!group.post.contains { $0.letter.sort == .propose })
    #expect(group.members[2].marks.contains(.waitsForMajority))
  }

  @Test("Members of whom no majority can meet stay where they are")
  func noConnectedMajority() {
    let group = HandDriven(formed: 3)
    let view = group.members[0].view?.number ?? 0
    for member in 1...2 {
      var health = Health(view: view)
      health.suspects = RankSet([Rank(0), Rank(3 - member)])
      health.holds = [true, true]
      group.receive(.init(from: member, to: 0, letter: .heartbeat(health)))
    }
    group.deliver { $0.letter.sort != .heartbeat }
    #expect(group.members[0].view?.number == view)
    #expect(group.members[0].marks.contains(.waitsForMajority))
  }
}
