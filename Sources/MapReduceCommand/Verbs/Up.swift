// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Fabrics
import MapReduce
import Runtime

/// `mapred up`: a cluster of this host.
struct Up: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Starts a cluster of several nodes on this host.",
    discussion: """
      Runs until ^C, and then all nodes leave; however it ends, they end, too. With -d the nodes \
      live on until `down`. Commands that are not told of a node find this cluster. Settings files \
      and variables are not read: what the nodes shall have stands on this command line.
      """)

  @OptionGroup(title: "Cluster") var cluster: LocalClusterOptions
  @Option(help: "How many nodes.") var nodes = 3
  @Flag(name: [.customShort("d"), .customLong("detach")], help: "Return when the cluster serves.")
  var isDetached = false
  @Flag(help: "Print JSON, one node a line.") var json = false
  @Flag(name: .shortAndLong, help: "Say less.") var quiet = false

  func validate() throws { try LocalClusterOptions.check(nodes: nodes) }

  func run() throws {
    Interrupt.install()
    let standing = StandingCluster()
    let settings = try cluster.settings(nodes: nodes, directory: standing.directory)
    let began = ContinuousClock.now
    let started: LocalCluster
    do {
      try standing.claim()
      started = try LocalCluster(settings) { Interrupt.cancellation.isCancelled }
    } catch {
      throw JobError(error)
    }
    do {
      try keep(started, standing)
      try show(started, (ContinuousClock.now - began) / .seconds(1))
    } catch {
      started.end()
      throw error
    }
    if isDetached { return started.release() }
    defer { started.end() }
    try stay(started)
    if !quiet { Terminal.say("the nodes leave") }
  }

  /// Writes down which processes there are, for `down` and for the next `up`.
  private func keep(_ cluster: LocalCluster, _ standing: StandingCluster) throws {
    guard var record = standing.record else {
      throw JobError(.cannotWrite, "\(standing.directory) was removed while nodes were started")
    }
    if isDetached { record.starter = nil }
    record.nodes = cluster.nodes.map { .init(name: $0.name, mark: $0.process.mark) }
    do { try standing.keep(record) } catch { throw JobError(error) }
  }

  private func show(_ cluster: LocalCluster, _ seconds: Double) throws {
    for node in cluster.nodes {
      let number = Int(node.process.mark.number)
      if json {
        let fields: [(String, JSON)] = [
          ("type", .text("node")), ("name", .text(node.name)), ("process", .integer(number)),
          ("socket", .text(node.socket)), ("log", .text(node.log)),
          ("transport", .text(cluster.settings.transport.rawValue)),
        ]
        try Terminal.print(JSON.object(fields).line)
      } else {
        try Terminal.print("\(node.name)\t\(number)\t\(node.socket)")
      }
    }
    guard !quiet else { return }
    let way = cluster.settings.transport.words
    let end = isDetached ? "`\(toolName) down` ends them" : "^C ends them"
    let count = cluster.nodes.count == 1 ? "1 node serves" : "\(cluster.nodes.count) nodes serve"
    Terminal.say(
      "\(count) over \(way) after \(ProgressDisplay.seconds(seconds)); \(end)")
  }

  /// Until somebody says that it is enough. A node that dies is told of; the others go on.
  private func stay(_ cluster: LocalCluster) throws {
    var running = cluster.nodes
    while !Interrupt.cancellation.isCancelled {
      guard let first = running.first else {
        throw JobError(.unavailable, "all nodes have ended")
      }
      _ = first.process.waitForEnd(milliseconds: 200)
      for node in running where node.process.hasEnded && !Interrupt.cancellation.isCancelled {
        let words = node.lastWords.map { "\n    \($0)" }.joined()
        Terminal.say("\(node.name) has ended; its last words:\(words)")
      }
      running.removeAll { $0.process.hasEnded }
    }
  }
}

/// `mapred down`.
struct Down: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ends the cluster that `up` started on this host.",
    discussion: "Its results are gone with it.")

  @Flag(name: .shortAndLong, help: "Say nothing.") var quiet = false

  func run() throws {
    let standing = StandingCluster()
    switch standing.end() {
    case .ended(let nodes):
      if !quiet { Terminal.say(nodes == 1 ? "1 node has ended" : "\(nodes) nodes have ended") }
    case .absent(let hadRemains):
      throw JobError(
        .noInput,
        "no cluster runs in \(standing.directory)"
          + (hadRemains ? "; what an earlier one had left there was removed" : ""),
        advice: "`\(toolName) up -d` starts one; a node that was started by `node` ends by ^C")
    }
  }
}

/// What a cluster of this host shall be like.
struct LocalClusterOptions: ParsableArguments {
  @Option(help: "How many nodes keep each result; 2 where there are so many.")
  var replicas: Int?
  @Option(help: "How data travels between nodes.") var transport = TransportArgument.auto
  @Option(
    help: ArgumentHelp(
      "Set one of a node's settings, such as memory.limit=1GiB; may be repeated.",
      valueName: "key=value"))
  var set: [String] = []

  func validate() throws {
    for pair in set where !pair.contains("=") {
      throw ValidationError("--set takes key=value, not \"\(pair)\"")
    }
    if let replicas, replicas < 1 { throw ValidationError("--replicas takes 1 or more") }
  }

  static func check(nodes: Int) throws {
    let most = LocalClusterSettings.nodesMaximum
    guard (1...most).contains(nodes) else {
      throw ValidationError("a cluster of this host has 1 to \(most) nodes, not \(nodes)")
    }
  }

  func settings(nodes: Int, directory: String) throws(JobError) -> LocalClusterSettings {
    if let replicas, replicas > nodes {
      throw JobError(
        .usage, "\(replicas) replicas need as many nodes, and there are \(nodes)",
        advice: "start more nodes, or keep fewer replicas")
    }
    var settings = LocalClusterSettings(nodes: nodes, directory: directory)
    settings.replicas = replicas
    settings.transport = transport.transport
    settings.more = set
    do { try settings.check() } catch { throw JobError(error) }
    return settings
  }
}

/// `auto`, `shm`, `tcp`, `verbs` or `mixed`.
enum TransportArgument: String, CaseIterable, ExpressibleByArgument {
  case auto
  case shm
  case tcp
  case verbs
  case mixed

  var transport: Transport {
    switch self {
    case .auto: .auto
    case .shm: .shm
    case .tcp: .tcp
    case .verbs: .verbs
    case .mixed: .mixed
    }
  }
}

extension Transport {
  /// What carries data between nodes of one host.
  fileprivate var words: String {
    switch self {
    case .auto, .shm, .mixed: "shared memory"
    case .tcp: "TCP"
    case .verbs: "verbs"
    }
  }
}
