// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Memory

/// Runs a job once more, with as much as possible done otherwise: another number of threads,
/// splits mapped in another order, another table seed. Only what closures do can make a difference.
struct Verification<J: Job> {
  private let job: J
  private let plan: PlanDescription
  private let threads: Int
  private let memory: MemoryBudget
  private let results: EarlierResults

  /// `threads`: those of the first run; `memory`: what the second one may hold. Checks that the
  /// input can be read twice.
  init(
    _ job: J, _ plan: Plan, threads: Int, memory: MemoryBudget, results: EarlierResults
  ) throws {
    if let stream = try plan.streams().first {
      let name = stream == "-" ? "standard input (-)" : stream
      throw JobError(
        .usage, "\(name) can be read once, and --verify reads twice",
        advice: "save it as a file, or leave out --verify")
    }
    self.job = job
    self.plan = plan.description
    self.memory = memory
    self.results = results
    self.threads = threads == 1 ? 2 : threads - 1
  }

  /// Throws where the second run comes to anything else than the first.
  func check(_ first: JobResult, _ display: ProgressDisplay) throws {
    display.say("once more, on \(threads == 1 ? "1 thread" : "\(threads) threads")")
    // Built anew, as other processes would do.
    let second = try Plan(job)
    guard second.description == plan else {
      throw Self.error("its plan is another one each time that it is built", location: nil)
    }
    var manner = RunManner()
    manner.mapsBackward = true
    let runner = InlineRunner(
      threads: threads, memory: memory, manner: manner, results: results,
      cancellation: Interrupt.cancellation, observer: display)
    guard let found = first.difference(from: try runner.run(second), plan) else { return }
    let values = found.values.map { $0 ?? "nothing" }
    throw Self.error(
      "two runs differ in \(found.subject)\(found.place.map { ", at \($0)" } ?? ""): "
        + "\(values[0]) in the first, \(values[1]) in the second",
      location: found.stage?.name)
  }

  private static func error(_ message: String, location: String?) -> JobError {
    JobError(
      .failed, message, location: location,
      advice: "look for a clock, a random number, or the order of a dictionary or set")
  }
}
