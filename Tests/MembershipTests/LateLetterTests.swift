// SPDX-License-Identifier: Apache-2.0
import Membership
import Testing
import Vocabulary

/// Letters that come twice, late, or from who has no right to write them.
@Suite struct LateLetterTests {
  /// Three members, of which the last has died, and the second has promised the first's ballot.
  private func promised() -> (HandDriven, UInt64) {
    let group = HandDriven(formed: 3)
    group.received = [5, 3, 4]
    group.kill(2)
    group.deliver { $0.letter.sort == .begin }
    group.lose()
    #expect(group.members[1].isWedged)
    return (group, group.members[1].view?.number ?? 0)
  }

  private func decision(
    _ group: HandDriven, trims: UInt64, attempt: UInt32 = 1, cluster: NodeID? = nil,
    number: UInt64? = nil
  ) -> Decision {
    guard let view = group.members[1].view else { preconditionFailure("it is in a view") }
    let members = Array(view.members.prefix(2))
    let next = number ?? view.number + 1
    return Decision(
      ballot: Ballot(attempt: attempt, leader: Rank(0)),
      trims: view.subgroups.map { _ in trims },
      next: View(
        cluster: cluster ?? view.cluster, number: next, members: members, rules: view.rules,
        subgroups: Layout.assign(members, previous: [], rules: view.rules, view: next)))
  }

  private func receive(_ letter: Letter, from: Int = 0, in group: HandDriven) {
    group.receive(HandDriven.Post(from: from, to: 1, letter: letter))
  }

  private func echoes(_ group: HandDriven) -> Int {
    group.post.count { $0.letter.sort == .echo && $0.from == 1 }
  }

  @Test("Nobody stands by a proposal with messages that it does not have")
  func holds() {
    let (group, _) = promised()
    receive(.propose(decision(group, trims: 4)), in: group)
    #expect(group.members[1].echoed == nil && echoes(group) == 0)
    receive(.propose(decision(group, trims: 3)), in: group)
    #expect(group.members[1].echoed?.trims.first == 3 && echoes(group) == 1)
  }

  @Test("Nobody stands by a proposal of a ballot that it did not promise, or not last")
  func ballots() {
    let (group, number) = promised()
    receive(.propose(decision(group, trims: 1, attempt: 2)), in: group)
    #expect(group.members[1].echoed == nil)
    receive(.begin(view: number, Ballot(attempt: 5, leader: Rank(0))), in: group)
    receive(.propose(decision(group, trims: 1)), in: group)
    #expect(group.members[1].echoed == nil && echoes(group) == 0)
    receive(.propose(decision(group, trims: 1, attempt: 5)), in: group)
    #expect(echoes(group) == 1)
  }

  @Test("A leader of an earlier ballot is told that it is behind, and not reported to")
  func behind() {
    let (group, number) = promised()
    receive(.begin(view: number, Ballot(attempt: 5, leader: Rank(0))), in: group)
    group.lose()
    receive(.begin(view: number, Ballot(attempt: 4, leader: Rank(0))), in: group)
    let letters = group.post.filter { $0.from == 1 && $0.letter.sort != .heartbeat }.map(\.letter)
    #expect(letters == [.behind(view: number, Ballot(attempt: 5, leader: Rank(0)))])
  }

  @Test("Ballots and proposals are only believed of who leads them")
  func leaders() {
    let group = HandDriven(formed: 3)
    let number = group.members[1].view?.number ?? 0
    receive(.begin(view: number, Ballot(attempt: 1, leader: Rank(0))), from: 2, in: group)
    #expect(!group.members[1].isWedged)
    receive(.begin(view: number, Ballot(attempt: 1, leader: Rank(0))), from: 0, in: group)
    #expect(group.members[1].isWedged)
    receive(.propose(decision(group, trims: 0)), from: 2, in: group)
    #expect(group.members[1].echoed == nil)
  }

  @Test("Who lacks messages of a decision stops, and delivers nothing of it")
  func incomplete() {
    let (group, number) = promised()
    let before = group.installed[1].count
    receive(.commit(decision(group, trims: 4)), in: group)
    #expect(group.members[1].stopped == .incomplete(view: number))
    #expect(group.installed[1].count == before)
  }

  @Test("A decision of another cluster or another view changes nothing")
  func elsewhere() {
    let (group, number) = promised()
    receive(.commit(decision(group, trims: 1, cluster: NodeID(high: 5, low: 5))), in: group)
    receive(.commit(decision(group, trims: 1, number: number + 2)), in: group)
    receive(.commit(decision(group, trims: 1, number: number)), in: group)
    #expect(group.members[1].view?.number == number && group.members[1].stopped == nil)
    receive(.commit(decision(group, trims: 1)), in: group)
    #expect(group.members[1].view?.number == number + 1)
  }

  @Test("A report that is not of this view's shape does not count")
  func shape() {
    let group = HandDriven(formed: 3)
    let number = group.members[0].view?.number ?? 0
    group.kill(2)
    group.lose()
    for columns in [
      FinalColumns(received: [], holds: []), FinalColumns(received: [0, 0], holds: [true]),
      FinalColumns(received: [0, 0, 0], holds: [true, true, true]),
    ] {
      let report = Report(
        view: number, ballot: Ballot(attempt: 1, leader: Rank(0)), columns: columns,
        suspects: RankSet(), unmet: RankSet(), isLeaving: false, echoed: nil)
      group.receive(HandDriven.Post(from: 1, to: 0, letter: .report(report)))
      #expect(!group.post.contains { $0.letter.sort == .propose })
    }
  }

  @Test("Echoes of an earlier ballot do not count for a later one")
  func echoesOfEarlier() {
    let group = HandDriven(formed: 5)
    let number = group.members[0].view?.number ?? 0
    group.kill(4)
    group.deliver { [.begin, .report].contains($0.letter.sort) }
    group.lose()
    let earlier = Letter.echo(view: number, Ballot(attempt: 7, leader: Rank(0)))
    for from in 1...3 { group.receive(HandDriven.Post(from: from, to: 0, letter: earlier)) }
    #expect(group.members[0].view?.number == number)
    // The leader counts its own echo, and each member's once.
    let echo = Letter.echo(view: number, Ballot(attempt: 1, leader: Rank(0)))
    for _ in 0..<3 { group.receive(HandDriven.Post(from: 1, to: 0, letter: echo)) }
    #expect(group.members[0].view?.number == number)
    group.receive(HandDriven.Post(from: 2, to: 0, letter: echo))
    #expect(group.members[0].view?.number == number + 1)
  }

  @Test("Letters of a view that is over change nothing when they come late")
  func late() {
    let group = HandDriven(formed: 4)
    group.kill(3)
    var letters: [HandDriven.Post] = []
    while let post = group.post.first {
      group.post.removeFirst()
      letters.append(post)
      group.receive(post)
    }
    let views = group.members.prefix(3).map(\.view)
    #expect(Set(views).count == 1)
    let installed = group.installed.map(\.count)
    #expect(Set(letters.map(\.letter.sort)).isSuperset(of: [.begin, .report, .propose, .echo]))
    for post in letters.reversed() {
      group.receive(post)
      group.deliver()
    }
    #expect(group.members.prefix(3).map(\.view) == views)
    #expect(group.installed.map(\.count) == installed)
    for index in 0...2 { #expect(!group.members[index].isWedged) }
  }

  @Test("Letters that come twice lead to the same view as those that come once")
  func twice() {
    let group = HandDriven(formed: 5)
    let number = group.members[0].view?.number ?? 0
    group.received = [5, 3, 4, 4, 0]
    group.kill(4)
    var rounds = 0
    while let post = group.post.first, rounds < 20_000 {
      group.post.removeFirst()
      group.receive(post)
      group.receive(post)
      rounds += 1
    }
    #expect(rounds < 20_000, "letters do not lead to letters for ever")
    for index in 0...3 {
      let decisions = group.installed[index].filter { $0.view == number }
      #expect(decisions.count == 1)
      #expect(decisions.first?.trims.first == 3)
      #expect(group.names(index) == ["n0", "n1", "n2", "n3"])
    }
  }
}
