// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// The plans that an executor has built, the last few of them.
struct PlanShelf {
  private let planner: ExecutorSession.Planner
  /// The one that was used last stands last.
  private var plans: [(job: JobSpec, plan: Plan)] = []
  /// Arguments that were read, in which directory: half of what a small job costs here, and often
  /// the same again.
  private var read: [(job: JobSpec, build: () throws -> Plan)] = []
  private var directory: String?

  private static let countMaximum = 4

  init(_ planner: @escaping ExecutorSession.Planner) { self.planner = planner }

  /// The plan of a job, in whose directory this process is from now on.
  mutating func plan(_ job: JobSpec, _ fingerprint: UInt64?) throws -> Plan {
    if directory != job.directory {
      directory = nil
      try ExecutorSystem.enter(job.directory)
      directory = job.directory
    }
    let plan: Plan
    if let place = plans.firstIndex(where: { $0.job == job }) {
      plan = plans.remove(at: place).plan
    } else {
      plan = try build(job)()
    }
    plans.append((job, plan))
    if plans.count > Self.countMaximum { plans.removeFirst() }
    let found = plan.description.fingerprint
    if let fingerprint, fingerprint != found {
      throw JobError(
        .failed,
        "the job's plan is another one here: "
          + "\(hexadecimal(found)), not \(hexadecimal(fingerprint))",
        advice: "a plan must depend on the job's arguments alone: not on time, host or environment")
    }
    return plan
  }

  private mutating func build(_ job: JobSpec) throws -> () throws -> Plan {
    let known = read.first { known in
      known.job.name == job.name && known.job.arguments == job.arguments
        && known.job.directory == job.directory
    }
    if let known { return known.build }
    let build = try planner(job.name, job.arguments)
    read.append((job, build))
    if read.count > Self.countMaximum { read.removeFirst() }
    return build
  }
}

extension Plan {
  /// A stage, which is worked on from now on.
  func stage(_ id: StageID, _ marker: ExecutorMarker) throws -> StageSpec {
    guard stages.indices.contains(id.index) else {
      throw JobError(.internalFault, "the plan has no \(id)")
    }
    marker.stage(description.stages[id.index].name)
    return stages[id.index]
  }

  /// An input of a stage, which is worked on from now on.
  func branch(_ id: BranchID, _ marker: ExecutorMarker) throws -> Branch {
    let stage = try stage(id.stage, marker)
    guard stage.branches.indices.contains(id.index) else {
      throw JobError(.internalFault, "the plan has no \(id)")
    }
    return stage.branches[id.index]
  }
}

extension JobFailure {
  /// What was thrown, in words that cross processes.
  package init(telling thrown: any Error) {
    let error =
      (thrown as? RecordFailure)?.jobError(nil) ?? thrown as? JobError
      ?? JobError(.failed, "a closure threw \(String(reflecting: thrown))")
    self.init(
      exitCode: error.code.exitCode, code: error.code.name, message: error.message,
      location: error.location, record: error.record, advice: error.advice)
  }
}

extension JobError {
  /// A failure that came from another process, with what its executor left behind.
  package init(_ failure: JobFailure) {
    self.init(
      Code(exitCode: failure.exitCode, name: failure.code), failure.message,
      location: failure.location, record: failure.record, advice: failure.advice)
    if !failure.trace.isEmpty {
      message += "\n" + failure.trace.map { "    \($0)" }.joined(separator: "\n")
    }
  }
}
