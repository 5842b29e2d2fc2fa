// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct BoardTests {
  private let receivers = [[1, 2], [2, 3]].map(Samples.nodes)
  private let step = StepID(1)

  private func board(_ plans: [StepPlan] = [Samples.step()]) -> Board {
    var board = Board()
    for plan in plans { board.apply(.begin(plan), receivers: receivers) }
    return board
  }

  @Test("Steps of a lane are counted, and a step that begins takes the place of the last")
  func begin() {
    var board = board([Samples.step(), Samples.step(StepID(2), lane: 2)])
    #expect(board[step]?.ordinal == 1)
    #expect(board[step]?.participants == receivers)
    #expect(board[StepID(2)]?.ordinal == 1)
    board.apply(.begin(Samples.step(StepID(3))), receivers: receivers)
    #expect(board[step] == nil)
    #expect(board[StepID(3)]?.ordinal == 2)
    #expect(board.steps.map(\.plan.step) == [StepID(3), StepID(2)])
    board.apply(.drop(StepID(3)), receivers: receivers)
    #expect(board.steps.map(\.plan.step) == [StepID(2)])
    board.apply(.begin(Samples.step(StepID(4))), receivers: receivers)
    #expect(board[StepID(4)]?.ordinal == 3)
  }

  @Test("Attempts are kept in the order in which they were assigned, until they fail")
  func attempts() {
    var board = board()
    let given = [
      Samples.attempt(2, at: 1), Samples.attempt(0, at: 2), Samples.attempt(1, at: 1),
    ]
    board.apply(.assign(step, given), receivers: receivers)
    #expect(board[step]?.attempts(of: Samples.node(1)) == [given[0], given[2]])
    board.apply(
      .failed(step, .split(2, attempt: 0), Samples.failure(), hasDied: false),
      receivers: receivers)
    #expect(board[step]?.attempts == [given[1], given[2]])
    #expect(board[step]?.attemptCounts == [1, 1, 1])
    // What fails of a partition, or of another step, takes no attempt away.
    for part in [StepPart.partition(0), .all] {
      board.apply(.failed(step, part, Samples.failure(), hasDied: true), receivers: receivers)
    }
    board.apply(
      .failed(StepID(9), .split(0, attempt: 0), Samples.failure(), hasDied: false),
      receivers: receivers)
    #expect(board[step]?.attempts.count == 2)
  }

  @Test("In a view, participants and attempts are those of members that are left")
  func viewBegins() {
    var board = board()
    board.apply(
      .assign(step, [Samples.attempt(0, at: 1), Samples.attempt(1, at: 2)]), receivers: receivers)
    // Member 1 is dead; member 3 moves to shard 0, of which it has nothing.
    board.beginView(Samples.view(2, [2, 3, 4], [[2, 3], [2, 4]]))
    let known = board[step]
    #expect(known?.participants == [[2], [2]].map(Samples.nodes))
    #expect(known?.attempts == [Samples.attempt(1, at: 2)])
    #expect(known?.isSuspended == true)
    // Who comes back to a shard has not all of it.
    board.beginView(Samples.view(3, [2, 3, 4], [[3], [2, 3, 4]]))
    #expect(board[step]?.participants == [[], [2]].map(Samples.nodes))
  }

  @Test("A split that a dead member was mapping gets an attempt number that none had")
  func freshNumbers() {
    var board = board()
    board.apply(.assign(step, [Samples.attempt(0, at: 1)]), receivers: receivers)
    let view = Samples.view(2, [2, 3], [[2], [2, 3]])
    board.beginView(view)
    board.apply(.resume(step, complete: SplitSet()), receivers: view.receivers)
    guard let known = board[step] else {
      Issue.record("the step goes on")
      return
    }
    var assigning = Assigning(known, members: view.members, now: 0)
    let made = assigning.next(view.members, room: [8, 8], 0) { _, _ in true }
    #expect(made.first { $0.split == 0 }?.attempt == 1)
    #expect(made.first { $0.split == 1 }?.attempt == 0)
  }

  @Test("A step that is resumed forgets attempts at complete splits")
  func resume() {
    var board = board()
    board.apply(
      .assign(step, [Samples.attempt(0, at: 2), Samples.attempt(1, at: 2)]), receivers: receivers)
    board.beginView(Samples.view(2, [2, 3], [[2], [2, 3]]))
    board.apply(.resume(step, complete: SplitSet(first: 1)), receivers: receivers)
    #expect(board[step]?.isSuspended == false)
    #expect(board[step]?.complete == SplitSet(first: 1))
    #expect(board[step]?.attempts == [Samples.attempt(1, at: 2)])
  }

  @Test("Samples are not carried over")
  func samples() {
    var board = board([Samples.step(StepID(1), .sample), Samples.step(StepID(2), lane: 1)])
    board.beginView(Samples.view(2, [1, 2, 3], [[1], [2]]))
    #expect(board.steps.map(\.plan.step) == [StepID(2)])
  }

  @Test("Who joins counts the steps of each lane as the others do")
  func joiner() {
    let view = Samples.view(2, [1, 2, 3, 4], [[1, 2], [2, 4]])
    // Lane 0 has had two steps, lane 1 had one that is over.
    var old = board([
      Samples.step(), Samples.step(StepID(2)), Samples.step(StepID(3), lane: 1),
    ])
    old.apply(.drop(StepID(3)), receivers: receivers)
    var joined = Board()
    old.beginView(view)
    joined.beginView(view)
    guard let carried = old[StepID(2)] else {
      Issue.record("the step goes on")
      return
    }
    for message in [
      ControlMessage.restate(carried), .resume(StepID(2), complete: SplitSet()),
      .begin(Samples.step(StepID(4), lane: 1)), .begin(Samples.step(StepID(5), lane: 2)),
      .drop(StepID(2)), .begin(Samples.step(StepID(6))),
    ] {
      old.apply(message, receivers: view.receivers)
      joined.apply(message, receivers: view.receivers)
      #expect(old == joined, "after \(message)")
    }
    #expect(joined[StepID(6)]?.ordinal == 2)
    #expect(joined[StepID(4)]?.ordinal == joined[StepID(5)]?.ordinal)
  }

  @Test("A step that is restated changes nothing for those who know it")
  func restate() {
    var board = board()
    board.apply(.assign(step, [Samples.attempt(0, at: 2)]), receivers: receivers)
    let before = board
    var stale = Board()
    stale.apply(.begin(Samples.step()), receivers: receivers)
    guard let known = stale[step] else { return }
    board.apply(.restate(known), receivers: receivers)
    #expect(board == before)
  }
}
