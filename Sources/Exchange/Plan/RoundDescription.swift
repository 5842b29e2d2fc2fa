// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Which round of an iteration a stage is of. Plans are written out round by round; rounds behind
/// the one in which nothing changed any more are not run.
package struct RoundDescription: Hashable, Sendable {
  /// From 1.
  package let number: Int
  /// How many rounds there are at most.
  package let count: Int
  /// Stages that have counted what still changed in the rounds before: of this iteration, and of
  /// those around it. Where one of them counted nothing, this stage is not run.
  package let after: [StageID]
  /// Whether it ends the round: it counts what changed, and its records are what the next round
  /// begins with. Where it is not run, the records of the round before are.
  package let settles: Bool
  /// Whether the job fails where the last round still changed something.
  package let mustSettle: Bool

  package init(number: Int, count: Int, after: [StageID], settles: Bool, mustSettle: Bool) {
    self.number = number
    self.count = count
    self.after = after
    self.settles = settles
    self.mustSettle = mustSettle
  }
}

extension PlanDescription {
  /// Whether some iteration counts what changes: in a counter behind those that have a name.
  package var countsChanges: Bool { stages.contains { $0.round?.settles == true } }

  /// How many counters there are, with those that have no name.
  package var counterCount: Int { counters.count + (countsChanges ? 1 : 0) }

  /// Whether a stage is not run, where earlier ones have counted `changes`: then the stage whose
  /// records take the place of its own, or nil where nobody reads them.
  package func skips(
    _ stage: Int, changes: (_ stage: Int) -> Int
  ) -> (isSkipped: Bool, standIn: StageID?) {
    guard let round = stages[stage].round else { return (false, nil) }
    let isSkipped = round.after.contains { changes($0.index) == 0 }
    // The last of them is the iteration's own.
    return (isSkipped, isSkipped && round.settles && round.number > 1 ? round.after.last : nil)
  }

  /// Why a job fails whose stage `stage` has counted `changes`; nil where it need not.
  package func unsettled(_ stage: Int, changes: Int) -> JobFailure? {
    guard changes > 0, let round = stages[stage].round, round.settles, round.mustSettle,
      round.number == round.count
    else { return nil }
    return JobFailure(
      exitCode: 1, code: "failed",
      message: "the iteration did not settle in \(round.count) rounds: "
        + "\(changes.grouped) \(changes == 1 ? "key" : "keys") still changed in the last one",
      location: stages[stage].operators.last.map { "\($0.location)" },
      advice: "allow more rounds, or settle for less in until")
  }

  /// The stages that some stage from `next` on, or some output, reads.
  package func wanted(from next: Int) -> Set<Int> {
    var wanted = Set(outputs.map(\.stage.index))
    for stage in stages[min(next, stages.count)...] { wanted.formUnion(stage.reads.map(\.index)) }
    return wanted
  }
}

extension StageDescription {
  /// The earlier stages whose records it needs.
  package var reads: [StageID] {
    let inputs =
      branches.compactMap { branch -> StageID? in
        if case .stage(let earlier) = branch.input { earlier } else { nil }
      } + broadcasts
    guard let round, round.settles, round.number > 1, let before = round.after.last else {
      return inputs
    }
    // Where it is not run, it stands for the round before.
    return inputs + [before]
  }
}
