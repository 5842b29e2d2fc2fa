// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct AssigningTests {
  private let members = Samples.nodes([1, 2, 3])
  private static let second: UInt64 = 1_000_000_000

  private func step(_ splits: Int) -> Board.Step {
    Board.Step(plan: Samples.step(splits: splits), ordinal: 1, participants: [])
  }

  private func assigning(_ splits: Int) -> Assigning {
    Assigning(step(splits), members: members, now: 0)
  }

  @Test("Few splits are spread over all nodes, in order")
  func spread() {
    var assigning = assigning(4)
    let made = assigning.next(members, room: [4, 4, 4], 0) { _, _ in true }
    #expect(made.map(\.split) == [0, 1, 2, 3])
    #expect(made.map(\.node) == Samples.nodes([1, 2, 3, 1]))
    #expect(made.allSatisfy { $0.attempt == 0 })
    #expect(assigning.waitingCount == 0 && !assigning.isIdle)
    #expect(assigning.outstanding.map(\.count) == [2, 1, 1])
  }

  @Test("Every split is given once, and no node has more than its room, whoever is done when")
  func once() {
    for seed in 1...100 {
      var random = RandomSource(seed)
      let splits = random.number(0...60)
      var assigning = assigning(splits)
      let room = members.map { _ in random.number(0...3) }
      var given = members.map { _ in [Int]() }
      var done = members.map { _ in 0 }
      for _ in 0..<400 {
        for attempt in assigning.next(members, room: room, 0, mayMap: { _, _ in true }) {
          let rank = members.firstIndex(of: attempt.node) ?? 0
          given[rank].append(attempt.split)
          #expect(given[rank].count - done[rank] <= room[rank], "seed \(seed)")
        }
        let rank = random.number(0...2)
        guard done[rank] < given[rank].count else { continue }
        done[rank] += random.number(1...(given[rank].count - done[rank]))
        assigning.advance(rank, done: done[rank], 0)
      }
      let expected = room.allSatisfy { $0 == 0 } ? [] : Array(0..<splits)
      #expect(given.flatMap { $0 }.sorted() == expected, "seed \(seed)")
    }
  }

  @Test("Splits are given to those alone who can read them")
  func holders() {
    var assigning = assigning(6)
    let made = assigning.next(members, room: [9, 9, 9], 0) { rank, split in
      split % 2 == 0 ? rank == 2 : rank == 0 && split != 5
    }
    for attempt in made {
      #expect(attempt.node == Samples.node(attempt.split % 2 == 0 ? 3 : 1))
    }
    #expect(made.map(\.split).sorted() == [0, 1, 2, 3, 4])
    #expect(assigning.waitingCount == 1)
  }

  @Test("A split that failed goes to another node, under another number")
  func failure() {
    var assigning = assigning(1)
    let first = assigning.next(members, room: [1, 1, 1], 0) { _, _ in true }
    #expect(first == [Samples.attempt(0, 0, at: 1)])
    assigning.fail(first[0])
    assigning.advance(0, done: 1, 0)
    let second = assigning.next(members, room: [1, 1, 1], 0) { _, _ in true }
    #expect(second == [Samples.attempt(0, 1, at: 2)])
    assigning.fail(second[0])
    assigning.advance(1, done: 1, 0)
    let third = assigning.next(members, room: [1, 1, 1], 0) { _, _ in true }
    #expect(third == [Samples.attempt(0, 2, at: 3)])
  }

  @Test("Where no other node can read it, the same one tries again")
  func failureAlone() {
    var assigning = assigning(1)
    let only: (Int, Int) -> Bool = { rank, _ in rank == 1 }
    let first = assigning.next(members, room: [1, 1, 1], 0, mayMap: only)
    assigning.fail(first[0])
    assigning.advance(1, done: 1, 0)
    #expect(
      assigning.next(members, room: [1, 1, 1], 0, mayMap: only) == [Samples.attempt(0, 1, at: 2)])
  }

  @Test("A split that takes much longer than others is given to an idle node too, once")
  func straggler() {
    var assigning = assigning(3)
    let second = Self.second
    _ = assigning.next(members, room: [1, 1, 1], 0) { _, _ in true }
    assigning.advance(0, done: 1, second)
    // Three times the longest so far.
    #expect(assigning.next(members, room: [1, 1, 1], 3 * second) { _, _ in true } == [])
    let late = assigning.next(members, room: [1, 1, 1], 3 * second + 1) { _, _ in true }
    #expect(late == [Samples.attempt(1, 1, at: 1)])
    assigning.advance(2, done: 1, 4 * second)
    // Split 1 is tried twice already, and split 2 is done.
    #expect(assigning.next(members, room: [1, 1, 1], 100 * second) { _, _ in true } == [])
  }

  @Test("No idle node that cannot read a late split is given it")
  func stragglerOfHolders() {
    var assigning = assigning(2)
    let may: (Int, Int) -> Bool = { rank, split in split == 0 ? rank == 0 : rank == 1 }
    _ = assigning.next(members, room: [1, 1, 1], 0, mayMap: may)
    assigning.advance(1, done: 1, 1)
    #expect(assigning.next(members, room: [1, 1, 1], 50 * Self.second, mayMap: may) == [])
  }

  @Test("A split whose other attempt still runs is not given again when one fails")
  func failureOfOne() {
    var assigning = assigning(1)
    _ = assigning.next(members, room: [1, 1, 1], 0) { _, _ in true }
    let late = assigning.next(members, room: [1, 1, 1], 2 * Self.second) { _, _ in true }
    #expect(late == [Samples.attempt(0, 1, at: 2)])
    assigning.fail(Samples.attempt(0, 0, at: 1))
    #expect(assigning.waitingCount == 0)
    assigning.advance(0, done: 1, 2 * Self.second)
    #expect(!assigning.isIdle)
  }

  @Test("A split that failed everywhere so far is given again, also where others are before it")
  func failureBehindOthers() {
    var assigning = assigning(4)
    let room = [2, 2, 0]
    let made = assigning.next(members, room: room, 0) { _, _ in true }
    #expect(made.map(\.split) == [0, 1, 2, 3])
    // Split 2 is behind split 0 at the first node, which is not done: it stays outstanding there.
    assigning.fail(made[2])
    assigning.advance(1, done: 2, 0)
    let again = assigning.next(members, room: room, 0) { _, _ in true }
    #expect(again == [Samples.attempt(2, 1, at: 2)])
    assigning.fail(again[0])
    #expect(assigning.waitingCount == 1)
    assigning.advance(1, done: 3, 0)
    let third = assigning.next(members, room: [2, 2, 1], 0) { _, _ in true }
    #expect(third == [Samples.attempt(2, 2, at: 3)])
  }

  @Test("A step that goes on is given out where it is neither complete nor under way")
  func goesOn() {
    var known = step(5)
    known.complete = SplitSet(first: 2)
    known.attempts = [Samples.attempt(3, 0, at: 2)]
    known.attemptCounts = [1, 1, 2, 1, 0]
    var assigning = Assigning(known, members: members, now: 0)
    #expect(assigning.outstanding.map(\.rank) == [1])
    let made = assigning.next(members, room: [9, 1, 9], 0) { _, _ in true }
    #expect(made == [Samples.attempt(2, 2, at: 1), Samples.attempt(4, 0, at: 3)])
  }
}
