// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Dataflow
import Engine
import Exchange
import Glibc
import MapReduce
import Runtime

/// `mapred top`.
struct Top: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "top", abstract: "Shows members, jobs and what they wait for, again and again.")

  @OptionGroup var node: NodeOptions
  @Option(help: "Seconds from one picture to the next.") var interval = 1.0
  @Flag(help: "One picture, and no more.") var once = false
  @Flag(help: "Print JSON, a document for each picture.") var json = false

  func validate() throws {
    guard (0.1...3600).contains(interval) else {
      throw ValidationError("--interval takes 0.1 to 3600 seconds, not \(interval)")
    }
  }

  func run() throws {
    Interrupt.install()
    do {
      let client = try node.client()
      while !Interrupt.cancellation.isCancelled {
        let picture = try Picture(client, milliseconds: node.milliseconds)
        if json {
          try Terminal.print(picture.document.line)
        } else {
          // Home, and clear what was there.
          if !once, Terminal.isInteractive { try Terminal.print("\u{1B}[H\u{1B}[2J") }
          for line in picture.lines { try Terminal.print(line) }
        }
        if once { return }
        usleep(UInt32(interval * 1e6))
      }
    } catch let error as NodeClient.Failure { throw JobError(error) }
  }
}

/// A cluster at one moment.
private struct Picture {
  let status: NodeStatus
  let works: [(node: String, lines: [String])]
  /// With what those wait for that are not over.
  let jobs: [(job: JobRecord, waits: String?)]

  private static let jobCount = 10

  init(_ client: NodeClient, milliseconds: Int) throws(NodeClient.Failure) {
    status = try client.status(milliseconds: milliseconds)
    works = try client.works(status, milliseconds: milliseconds)
    var jobs: [(job: JobRecord, waits: String?)] = []
    for job in try client.jobs(limit: Self.jobCount, milliseconds: milliseconds) {
      jobs.append((job, try client.waits(of: job, milliseconds: milliseconds)))
    }
    self.jobs = jobs
  }

  var lines: [String] {
    var lines = ["view \(status.view), seen by \(status.name)"]
    if let waits = status.waits ?? status.inadequacy { lines.append("waits for: \(waits)") }
    for (peer, work) in zip(status.peers, works) {
      let roles = peer.roles.joined(separator: ",")
      lines.append("\(peer.name)\t\(peer.isSuspected ? "suspected" : "member")\t\(roles)")
      lines += work.lines.map { "  \($0)" }
    }
    for (job, waits) in jobs {
      lines.append(
        "\(job.id)\t\(job.spec.name)\t\(job.phase)" + (waits.map { "\t\($0)" } ?? ""))
    }
    return lines
  }

  var document: JSON {
    .object([
      ("type", .text("picture")), ("view", .natural(status.view)),
      ("waits", (status.waits ?? status.inadequacy).map { .text($0) } ?? .null),
      (
        "members",
        .array(
          zip(status.peers, works).map { peer, work in
            .object([
              ("name", .text(peer.name)), ("suspected", .bool(peer.isSuspected)),
              ("roles", .array(peer.roles.map { .text($0) })),
              ("work", .array(work.lines.map { .text($0) })),
            ])
          })
      ),
      ("jobs", .array(jobs.map { JobDocument.of($0.job, waits: $0.waits) })),
    ])
  }
}
