// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Replication
import Vocabulary

/// Results of earlier jobs as the input of a job.
extension JobRecord {
  /// The version that an input is of, once the job is begun.
  package func version(of input: ResultInput) -> ResultVersion? {
    reads.first { $0.version.name == input.name && $0.asOf == input.asOf }?.version
  }

  /// Chooses the versions that a plan reads. What an earlier attempt has chosen stays, so that no
  /// job reads two versions for one. Returns why the job cannot be done, where that is so.
  mutating func choose(_ plan: PlanDescription, from results: ResultBook) -> JobFailure? {
    for (_, input, reader) in plan.resultInputs {
      do throws(JobFailure) {
        let known = version(of: input)
        let version: ResultVersion
        if let known { version = known } else { version = try Self.find(input, in: results) }
        try Self.check(input, version)
        if known == nil { reads.append(ReadResult(asOf: input.asOf, version: version)) }
      } catch {
        var failure = error
        failure.location = reader.map { "\($0.location)" }
        return failure
      }
    }
    return nil
  }

  private static func find(
    _ input: ResultInput, in results: ResultBook
  ) throws(JobFailure) -> ResultVersion {
    do throws(Refusal) { return try results.find(input.name, input.asOf) } catch {
      throw JobFailure(
        exitCode: 66, code: "no_input", message: error.reason,
        advice: "`mapred results` lists what there is, `mapred log NAME` its versions")
    }
  }

  private static func check(
    _ input: ResultInput, _ version: ResultVersion
  ) throws(JobFailure) {
    if let mismatch = input.mismatch(version.schema, of: version.text) { throw mismatch }
    guard !version.isLost else {
      let shards = version.lostShards.map(String.init).joined(separator: ", ")
      throw JobFailure(
        exitCode: 66, code: "no_input",
        message: "\(version.text) is lost: no replica of shards \(shards) is left",
        advice: "run its job again, and then this one")
    }
  }

  /// Some runs are gone. True where a job that is under way cannot go on without them.
  mutating func lose(_ runs: ShardRuns) -> Bool {
    for place in reads.indices { reads[place].version.lose(runs) }
    guard phase == .running else { return false }
    return stages.contains { $0.step == runs.step } || needsResult(runs.step)
  }

  /// Whether the stage that is under way, or one behind it, reads a result of a step.
  private func needsResult(_ step: StepID) -> Bool {
    (plan?.resultInputs ?? []).contains { id, input, _ in
      id.stage.index >= stages.count && version(of: input)?.step == step
    }
  }

  /// The steps of versions that it reads, for as long as it may read them: also a job that is begun
  /// anew does.
  var readSteps: [LiveStep] {
    guard !phase.isOver else { return [] }
    return reads.map(\.version).filter { !$0.isLost }.map(\.liveStep)
  }
}
