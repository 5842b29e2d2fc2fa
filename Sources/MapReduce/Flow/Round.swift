// SPDX-License-Identifier: Apache-2.0

/// A round of an iteration, as the plan writes it out.
final class Round: Sendable {
  /// From 1.
  let number: Int
  let count: Int
  /// The stages after which it may not be needed any more: of the iterations around it, the
  /// outermost first, and of its own.
  let after: [StageSpec]
  let mustSettle: Bool
  /// The round of another iteration in which its iteration stands.
  let outer: Round?

  init(_ number: Int, of count: Int, after: StageSpec?, mustSettle: Bool, in outer: Round?) {
    self.number = number
    self.count = count
    self.after = (outer?.after ?? []) + (after.map { [$0] } ?? [])
    self.mustSettle = mustSettle
    self.outer = outer
  }

  /// Whether it is the other one, or stands in it.
  func isInside(_ other: Round) -> Bool {
    self === other || (outer?.isInside(other) ?? false)
  }
}

extension StageSpec {
  /// The stages whose records it needs.
  var reads: [StageSpec] {
    let inputs = branches.compactMap { branch -> StageSpec? in
      if case .stage(let earlier) = branch.input { earlier } else { nil }
    }
    return inputs + broadcasts + (round?.after ?? [])
  }
}

extension Pipeline {
  /// Describes up to `count` rounds. `body` describes one: it is handed what the round before has
  /// made, and returns what the next one begins with. `settling` says what ends with the stage that
  /// counts changes; nil where nothing counts them.
  @usableFromInline func rounds<State>(
    _ count: Int, mustSettle: Bool = false, from state: State,
    settling: (State) -> Pipeline?, _ body: (State) throws -> State
  ) rethrows -> State {
    precondition(count >= 0, "iterate needs a number of rounds, not \(count)")
    let outer = flow.round
    defer { flow.round = outer }
    var state = state
    var before: StageSpec?
    for number in stride(from: 1, through: count, by: 1) {
      flow.round = Round(number, of: count, after: before, mustSettle: mustSettle, in: outer)
      state = try body(state)
      before = settling(state)?.result
    }
    return state
  }

  /// What counts changes.
  @usableFromInline var changes: Counter { Counter(cell: flow.changes) }
}
