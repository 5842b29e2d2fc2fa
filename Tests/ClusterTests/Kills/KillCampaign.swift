// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Foundation
import Glibc
import Runtime
import Testing
import Vocabulary

/// Kills nodes and executors at random moments of jobs, replaces the dead, and holds everything
/// that clients and readers were told against what has to hold.
final class KillCampaign {
  struct Options: Sendable, CustomStringConvertible {
    var kills: Int
    var transport: String
    var nodes = 5
    var seed: UInt64
    /// How many milliseconds a node may be silent.
    var suspicion = Cluster.suspicion

    var description: String {
      "\(kills) kills, \(nodes) nodes over \(transport) that wait \(suspicion) ms, seed \(seed)"
    }
  }

  /// What is done to the cluster.
  enum Blow: String, CaseIterable {
    case follower = "a node that does not schedule is killed"
    case scheduler = "the node that schedules is killed"
    case executor = "an executor is killed"
    case stall = "a node is stopped for a while"
    case longStall = "a node is stopped for longer than others bear"
  }

  private let options: Options
  private let cluster: Cluster
  private let names: [String]
  private var state: UInt64
  private var counts: [String: Int] = [:]
  /// How long jobs take, in microseconds: moments of blows are drawn from it.
  private var jobMicroseconds = 300_000

  /// Executables lie in the cluster's directory, and go with it.
  private static func arguments(_ options: Options) -> [String] {
    Cluster.watchful(after: options.suspicion) + [
      "--transport", options.transport, "--set", "layout.shards=3", "--set", "layout.replicas=2",
      "--set", "executor.slots=1", "--set", "executor.user=root", "--set", "memory.limit=1GiB",
    ]
  }

  static func run(_ options: Options) async throws {
    try await Cluster.with(arguments(options)) { cluster in
      let campaign = KillCampaign(options, cluster)
      do { try await campaign.play() } catch {
        campaign.describe()
        throw error
      }
    }
  }

  private init(_ options: Options, _ cluster: Cluster) {
    self.options = options
    self.cluster = cluster
    names = (1...options.nodes).map { "n\($0)" }
    state = options.seed
  }

  private func draw(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(1, bound)
  }

  private var sockets: [String] { names.map(cluster.socket) }

  private func play() async throws {
    say("campaign: \(options)")
    let began = ContinuousClock.now
    for name in names { try await join(name) }
    try await cluster.agree()
    let known = try await KnownJobs.make(
      in: cluster, inputs: 3, lines: 2000, seed: options.seed)
    let jobs = JobStream(clients: 2, known, sockets: sockets, seed: options.seed)
    let readers = ResultReaders(readers: 2, known, sockets: sockets, seed: options.seed)
    do {
      // How long a job takes that nobody disturbs.
      try await jobs.goOn(3)
      jobMicroseconds = max(20_000, Int(jobs.heard.longest / 1000))
      for number in 1...options.kills {
        try await strike(jobs, readers)
        if number % 50 == 0 { say("\(number) blows, \(jobs.heard.ended.count) jobs ended") }
      }
    } catch {
      // Clients wait for no node that is gone.
      try? await jobs.finish()
      try? await readers.finish()
      throw error
    }
    try await jobs.finish()
    try await readers.finish()
    try await KillVerdict(cluster, sockets, jobs.heard, readers.heard).check()
    summarize(jobs.heard, readers.heard, began.duration(to: .now))
  }

  private func join(_ name: String) async throws {
    let directory = cluster.path("code.\(name)")
    try? FileManager.default.removeItem(atPath: directory)
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    try await cluster.join(name, more: ["--set", "executor.directory=\(directory)"])
  }

  /// One blow at a random moment of a job, and everything made whole again.
  private func strike(_ jobs: JobStream, _ readers: ResultReaders) async throws {
    try await jobs.goOn()
    if let failure = readers.heard.failures.first { throw Waiting.Failure(failure) }
    usleep(UInt32(draw(jobMicroseconds)))
    let blow = drawBlow()
    count("at: \(phase(jobs))")
    try await deal(blow, jobs)
    try await restore()
    count(blow.rawValue)
  }

  private func drawBlow() -> Blow {
    switch draw(10) {
    case 0...3: .follower
    case 4...6: .scheduler
    case 7, 8: .executor
    default: draw(2) == 0 ? .stall : .longStall
    }
  }

  /// Where the oldest open job is, as a node tells it.
  private func phase(_ jobs: JobStream) -> String {
    guard let id = jobs.heard.open.min(), let socket = sockets.randomElement(),
      let job = try? NodeClient(socket).job(id, milliseconds: 500)
    else { return "nobody says" }
    guard job.phase == .running, let plan = job.plan else { return "\(job.phase)" }
    let line = (try? NodeClient(socket).waits(of: job, milliseconds: 500)) ?? ""
    let doing = ["sort keys", "are not given out", "not finished", "commit"].first {
      line.contains($0)
    }
    return "\(job.spec.name), stage \(job.stages.count + 1) of \(plan.stages.count)"
      + (doing.map { " (\($0))" } ?? "")
  }

  /// The coordinator of the lowest rank, as any node sees it.
  private func scheduler() -> String? {
    for name in names {
      guard let node = try? cluster.node(name), node.isRunning, let status = node.status else {
        continue
      }
      let coordinator = status.peers.first { $0.roles.contains("coordinator") }
      return (coordinator ?? status.peers.first)?.name
    }
    return nil
  }

  private func deal(_ blow: Blow, _ jobs: JobStream) async throws {
    let first = scheduler()
    let others = names.filter { $0 != first }
    let follower = try cluster.node(others[draw(others.count)])
    switch blow {
    case .follower: try await kill(follower)
    case .scheduler: if let first { try await kill(cluster.node(first)) }
    case .executor: killExecutor(jobs)
    case .stall, .longStall:
      let node = try draw(3) == 0 ? cluster.node(first ?? others[0]) : follower
      node.signal(SIGSTOP)
      // In microseconds: up to two thirds of what others bear, or two and a half times as much.
      let bearable = options.suspicion * 1000
      let stall = blow == .stall ? bearable / 12 + draw(bearable * 7 / 12) : bearable * 5 / 2
      usleep(UInt32(stall))
      node.signal(SIGCONT)
    }
  }

  private func kill(_ node: NodeHandle) async throws {
    node.signal(SIGKILL)
    #expect(try await node.ending() == -SIGKILL)
  }

  /// Kills a child of some node: nodes have no other children than executors.
  private func killExecutor(_ jobs: JobStream) {
    let place = draw(names.count)
    for name in names[place...] + names[..<place] {
      guard let node = try? cluster.node(name), node.isRunning else { continue }
      let children = node.children
      guard !children.isEmpty else { continue }
      jobs.noteExecutor()
      _ = Glibc.kill(children[draw(children.count)], SIGKILL)
      return
    }
    count("no executor was there to be killed")
  }

  /// Starts nodes for those that are gone, and waits until all are members, with all that they are
  /// to hold.
  private func restore() async throws {
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline {
      for name in names where try !cluster.node(name).isRunning {
        // It may be turned away while those who stay still know the dead one.
        do { try await join(name) } catch { count("a node had to be started again") }
      }
      let isWhole = names.allSatisfy { name in
        guard let status = try? cluster.node(name).status else { return false }
        return status.peers.map(\.name).sorted() == names && status.waits == nil
          && status.inadequacy == nil
      }
      if isWhole { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw Waiting.Failure("the cluster does not become whole again")
  }

  /// Tells at once: who watches a long campaign wants to know.
  private func say(_ text: String) {
    print(text)
    fflush(nil)
  }

  private func count(_ what: String) { counts[what, default: 0] += 1 }

  private func summarize(_ jobs: JobStream.Told, _ readers: ResultReaders.Seen, _ took: Duration) {
    let committed = jobs.ended.values.count { $0.phase == .committed }
    let again = jobs.ended.values.count { $0.attempt > 1 }
    print(
      "campaign over \(options.transport): \(options.kills) blows in \(took); "
        + "\(jobs.submitted.count) jobs, \(committed) committed, \(again) in several attempts; "
        + "\(readers.answers) lists and \(readers.versionsRead) versions read, "
        + "\(readers.refusals) requests not answered")
    for (what, count) in counts.sorted(by: { $0.key < $1.key }) { print("  \(count)  \(what)") }
    let excused = jobs.ended.values.filter { $0.phase != .committed }
    for job in excused { print("  \(job.id) \(job.phase): \(job.failure?.message ?? "")") }
  }

  /// What nodes say of themselves, where something went wrong.
  private func describe() {
    print("campaign broke: \(options)")
    for name in names {
      guard let status = try? cluster.node(name).status else {
        print("\(name) does not answer")
        continue
      }
      print(
        "\(name): view \(status.view) of \(status.peers.map(\.name)), waits "
          + "\(status.waits ?? "for nothing"), lacks \(status.inadequacy ?? "nothing")")
      let work = NodeID(text: status.id).flatMap { id in
        try? NodeClient(cluster.socket(name)).inquire(.work(of: id), milliseconds: 1000)
      }
      for line in work ?? [] { print("  \(line)") }
    }
  }
}

extension NodeHandle {
  /// The processes that it has started and that live.
  var children: [pid_t] {
    let tasks = "/proc/\(identifier)/task"
    let threads = (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? []
    return threads.flatMap { thread -> [pid_t] in
      let list = FileManager.default.contents(atPath: "\(tasks)/\(thread)/children") ?? Data()
      return String(decoding: list, as: UTF8.self).split(separator: " ").compactMap { pid_t($0) }
    }
  }
}
