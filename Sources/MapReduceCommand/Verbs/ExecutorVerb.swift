// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import MapReduce

/// The verb under which nodes start this executable. It is not shown: only a node can open what it
/// needs.
enum ExecutorVerb {
  static func run(_ jobs: [any Job.Type]) -> Never {
    guard let session = ExecutorSession({ try planner(jobs, $0, $1) }) else {
      Terminal.say("\(ExecutorBorder.verb) is for nodes, which run jobs by it")
      exit(JobError.Code.usage.exitCode)
    }
    do {
      try session.run()
    } catch {
      Terminal.say("what the node sent cannot be read: it is of another version than this program")
      exit(JobError.Code.internalFault.exitCode)
    }
    exit(0)
  }

  private static func planner(
    _ jobs: [any Job.Type], _ name: String, _ arguments: [String]
  ) throws -> () throws -> Plan {
    guard let job = jobs.first(where: { $0.name == name }) else {
      throw JobError(
        .noInput, "no job is called \"\(name)\" in this executable",
        advice: "it holds: \(jobs.map { $0.name }.joined(separator: ", "))")
    }
    return try planner(job, arguments)
  }

  private static func planner<J: Job>(
    _: J.Type, _ arguments: [String]
  ) throws -> () throws -> Plan {
    let job: J
    do { job = try J.parse(arguments) } catch {
      throw JobError(.usage, "job \(J.name): \(J.message(for: error))")
    }
    return { try Plan(job) }
  }
}
