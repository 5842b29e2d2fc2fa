// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Fabrics
import MapReduce
import Runtime

/// On which cluster a job runs.
enum RunPlace: Hashable, ExpressibleByArgument {
  /// One for this job alone.
  case local(nodes: Int)
  /// The one that `up` started.
  case cluster
  /// That of the node at this socket.
  case node(socket: String)

  static let nodesStandard = 3

  init?(argument: String) {
    let words = argument.split(separator: ":", omittingEmptySubsequences: false)
    switch (words.first, words.count) {
    case ("local", 1): self = .local(nodes: Self.nodesStandard)
    case ("local", 2):
      guard let nodes = Int(words[1]),
        (1...LocalClusterSettings.nodesMaximum).contains(nodes)
      else { return nil }
      self = .local(nodes: nodes)
    case ("cluster", 1): self = .cluster
    default:
      guard argument.contains("/") else { return nil }
      self = .node(socket: argument)
    }
  }

  /// How many processes on this host share the memory of a job: the nodes of a cluster that it has
  /// for itself, and this process, which reads the results back.
  var sharers: Int {
    guard case .local(let nodes) = self else { return 1 }
    return nodes + 1
  }

  /// Starts the cluster of this job, where it has one for itself.
  func cluster(_ options: RunOptions, _ display: ProgressDisplay) throws -> LocalCluster? {
    guard case .local(let nodes) = self else { return nil }
    do {
      let directory = try RunDirectory.make()
      var settings = LocalClusterSettings(nodes: nodes, directory: directory)
      settings.memoryBytes = options.memory.bytes(sharers: sharers) / sharers
      settings.scratch = options.memory.scratch
      do { try settings.check() } catch { throw JobError(error) }
      let began = ContinuousClock.now
      let cluster = try LocalCluster(settings) { Interrupt.cancellation.isCancelled }
      let seconds = ProgressDisplay.seconds((ContinuousClock.now - began) / .seconds(1))
      display.say(nodes == 1 ? "1 node after \(seconds)" : "\(nodes) nodes after \(seconds)")
      return cluster
    } catch let error as FabricError { throw JobError(error) }
  }

  /// The sockets of a cluster that runs already: what one node does not answer, others do.
  func sockets() throws(JobError) -> [String] {
    switch self {
    case .local: return []
    case .node(let socket): return [socket]
    case .cluster:
      let standing = StandingCluster()
      let sockets = standing.sockets
      guard !sockets.isEmpty else {
        throw JobError(
          .unavailable, "no cluster runs in \(standing.directory)",
          advice: "`\(toolName) up -d` starts one; --on local makes one for this job")
      }
      return sockets
    }
  }
}

/// The arguments of a job among those of this process.
enum JobArguments {
  /// What belongs to `run`, and what is left.
  private struct Split: ParsableArguments {
    @OptionGroup var options: RunOptions
    @Argument(parsing: .allUnrecognized) var others: [String] = []
  }

  /// Those behind `run JOB` that `run` does not take for itself, checked by the job's own parser.
  static func own<J: Job>(_: J.Type) throws -> [String] {
    let all = CommandLine.arguments.dropFirst()
    guard all.starts(with: ["run", J.name]) else {
      throw JobError(
        .usage, "with --on, the job stands behind the verb",
        advice: "\(toolName) run \(J.name) --on … and what else there is")
    }
    return try own(J.self, of: Array(all.dropFirst(2)))
  }

  static func own<J: Job>(_: J.Type, of arguments: [String]) throws -> [String] {
    // Behind two dashes all is the job's.
    let front = arguments.prefix { $0 != "--" }
    var own = try Split.parse(Array(front)).others
    own += arguments.dropFirst(front.count)
    do { _ = try J.parse(own) } catch {
      throw JobError(
        .usage,
        "the job's own arguments cannot be told from those of run: \(J.message(for: error))",
        advice: "submit it: \(toolName) submit \(J.name) and the job's arguments alone")
    }
    return own
  }
}
