// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Engine
import Exchange
import MapReduce
import Runtime
import Vocabulary

/// `mapred logs ID`: what a job's closures wrote, at all members.
struct Logs: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Shows the last lines that a job's executors wrote.",
    discussion: "Each node keeps the last 64 KiB of each job, of its last 32 jobs.")

  @Argument(help: "The job's id.") var id: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON, one line of output a line.") var json = false

  func run() throws {
    do {
      let client = try node.client()
      let job = try client.job(try JobText.id(id), milliseconds: node.milliseconds)
      for (name, line) in try client.output(of: job.id, milliseconds: node.milliseconds) {
        guard json else {
          try Terminal.print("\(name)\t\(line)")
          continue
        }
        try Terminal.print(
          JSON.object([
            ("type", .text("output")), ("job", .text("\(job.id)")), ("node", .text(name)),
            ("text", .text(line)),
          ]).line)
      }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// `mapred diagnose ID`.
struct Diagnose: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Shows why a job failed, or why it does not go on, and what to try.")

  @Argument(help: "The job's id.") var id: String
  @OptionGroup var node: NodeOptions
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    do {
      let client = try node.client()
      let job = try client.job(try JobText.id(id), milliseconds: node.milliseconds)
      let waits = try client.waits(of: job, milliseconds: node.milliseconds)
      let status = try client.status(milliseconds: node.milliseconds)
      let output = try client.output(of: job.id, milliseconds: node.milliseconds)
      let works =
        job.phase.isOver ? [] : try client.works(status, milliseconds: node.milliseconds)
      let diagnosis = Diagnosis(
        job: job, waits: waits, status: status, output: output.suffix(Diagnosis.outputLines),
        works: works)
      if json { return try Terminal.print(diagnosis.document.line) }
      for line in diagnosis.lines { try Terminal.print(line) }
    } catch let error as NodeClient.Failure { throw JobError(error, refused: .noInput) }
  }
}

/// What helps to see why a job is where it is.
struct Diagnosis {
  let job: JobRecord
  let waits: String?
  let status: NodeStatus
  let output: ArraySlice<(node: String, line: String)>
  /// What members are at, while the job is not over.
  let works: [(node: String, lines: [String])]

  static let outputLines = 20

  /// What somebody can do now.
  var advice: [String] {
    var advice: [String] = []
    let command = ([job.spec.name] + job.spec.arguments).joined(separator: " ")
    if let failure = job.failure {
      if let known = failure.advice { advice.append(known) }
      if failure.code == "failed" {
        advice.append(
          "run it in one process, where a debugger reaches it: `\(toolName) run \(command)`")
      }
    }
    if let inadequacy = status.inadequacy { advice.append("start nodes: \(inadequacy)") }
    for peer in status.peers where peer.isSuspected {
      advice.append("see whether \(peer.name) at \(peer.address) runs: it is not heard")
    }
    return advice
  }

  var lines: [String] {
    var lines = JobText.lines(job, waits: waits)
    for work in works { lines += work.lines.map { "\(work.node)  \($0)" } }
    if !output.isEmpty {
      lines.append("output     the last \(output.count) lines of its executors")
      lines += output.map { "    \($0.node)  \($0.line)" }
    }
    return lines + advice.map { "try        \($0)" }
  }

  var document: JSON {
    .object([
      ("type", .text("diagnosis")), ("job", JobDocument.of(job, waits: waits)),
      ("failure", job.failure.map { .text("\(JobError($0))") } ?? .null),
      (
        "nodes",
        .array(
          works.map { work in
            .object([
              ("node", .text(work.node)), ("work", .array(work.lines.map { .text($0) })),
            ])
          })
      ),
      (
        "output",
        .array(
          output.map { .object([("node", .text($0.node)), ("text", .text($0.line))]) })
      ),
      ("advice", .array(advice.map { .text($0) })),
    ])
  }
}

extension NodeClient {
  /// What a job's executors wrote, by member. Who does not answer is passed over.
  func output(
    of job: JobID, milliseconds: Int
  ) throws(Failure) -> [(node: String, line: String)] {
    let status = try status(milliseconds: milliseconds)
    let lines = try each(status, milliseconds) { .output(job, of: $0) }
    return lines.flatMap { member in member.lines.map { (member.node, $0) } }
  }

  /// What all members are at.
  func works(
    _ status: NodeStatus, milliseconds: Int
  ) throws(Failure) -> [(node: String, lines: [String])] {
    try each(status, milliseconds) { .work(of: $0) }
  }

  private func each(
    _ status: NodeStatus, _ milliseconds: Int, _ inquiry: (NodeID) -> Inquiry
  ) throws(Failure) -> [(node: String, lines: [String])] {
    var found: [(node: String, lines: [String])] = []
    for peer in status.peers {
      guard let id = NodeID(text: peer.id) else { continue }
      do throws(Failure) {
        found.append((peer.name, try inquire(inquiry(id), milliseconds: milliseconds)))
      } catch .unavailable(let reason) {
        found.append((peer.name, [reason]))
      }
    }
    return found
  }
}
