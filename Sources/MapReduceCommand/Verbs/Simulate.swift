// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Glibc
import MapReduce
import Membership
import Simulation
import Synchronization
import Vocabulary

/// `mapred simulate`: plays clusters with everything going wrong.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plays clusters of production nodes in which everything goes wrong.",
    discussion: """
      The nodes' code is that of production; the network, the clocks, the clients and the faults \
      follow from the seed. Exit code 1: a seed broke what has to hold. It is then played with \
      fewer and fewer faults, and the shortest run that still fails is told, with the command \
      that plays it again.
      """)

  @Option(help: "Seeds to play: one, or a range such as 1..1000.") var seeds = SeedRange(1, 100)
  @Option(help: "Nodes that found the cluster.") var nodes = 5
  @Option(
    help: """
      Faults that may happen: all, none, or some of \
      \(Fault.Kind.allCases.map(\.rawValue).joined(separator: ", ")).
      """)
  var faults = FaultKinds.all
  @Option(help: "Only these faults of a seed, by their places, such as 0,2.") var keep: String?
  @Flag(help: "Tell what happens in each run.") var trace = false
  @Option(help: "Write each run in the words of the proofs to a file of this directory.")
  var record: String?
  @Flag(help: "Print the summary as JSON.") var json = false

  func validate() throws {
    guard (1...Limits.members / 2).contains(nodes) else {
      throw ValidationError(
        "a cluster is founded by 1 to \(Limits.members / 2) nodes, not \(nodes)")
    }
  }

  func run() throws {
    TrapNote.install()
    var summary = Summary()
    let began = TrapNote.seconds
    for seed in seeds.first...seeds.last {
      TrapNote.seed.store(seed, ordering: .relaxed)
      let outcome = play(scenario(seed))
      summary.add(outcome)
      if let record { try save(outcome, in: record) }
      if !outcome.violations.isEmpty {
        try tell(outcome)
        throw ExitCode(1)
      }
    }
    try summary.print(seeds, seconds: TrapNote.seconds - began, isJSON: json)
  }

  private func scenario(_ seed: UInt64) -> ClusterScenario {
    let scenario = ClusterScenario(seed: seed, nodes: nodes, kinds: faults.kinds)
    guard let keep else { return scenario }
    return scenario.keeping(keep.split(separator: ",").compactMap { Int($0) })
  }

  private func play(_ scenario: ClusterScenario) -> ClusterRun.Outcome {
    let tell: ((String) -> Void)? = trace ? { Terminal.say($0) } : nil
    return ClusterRun(scenario, recordsProtocol: record != nil, tell: tell).play()
  }

  private func save(_ outcome: ClusterRun.Outcome, in directory: String) throws {
    let path = "\(directory)/seed-\(outcome.scenario.seed).jsonl"
    let text = outcome.protocolTrace.map { $0 + "\n" }.joined()
    try OutputText.save(text, at: path)
  }

  /// Tells a failure as short as it can be had.
  private func tell(_ outcome: ClusterRun.Outcome) throws {
    let seed = outcome.scenario.seed
    try Terminal.print("seed \(seed) broke after \(outcome.steps) steps:")
    for violation in outcome.violations { try Terminal.print("  \(violation)") }
    guard keep == nil else { return }
    let kept = outcome.scenario.shrunk()
    let shortest = outcome.scenario.keeping(kept)
    let last = ClusterRun(shortest, keepsTrace: true).play()
    let faults = shortest.faults.map { "  \($0)" }
    try Terminal.print("it still breaks with \(kept.count) of its faults:")
    for line in faults + last.violations.map({ "  \($0)" }) { try Terminal.print(line) }
    try Terminal.print("what happened before, in the end:")
    for line in last.trace.suffix(30) { try Terminal.print("  \(line)") }
    let places = kept.map(String.init).joined(separator: ",")
    let keeping = kept.isEmpty ? "--keep none" : "--keep \(places)"
    try Terminal.print(
      "play it again: \(toolName) simulate --seeds \(seed) --nodes \(nodes) "
        + "--faults \(self.faults) \(keeping) --trace")
  }
}

/// Which seeds to play.
struct SeedRange: ExpressibleByArgument, CustomStringConvertible {
  let first: UInt64
  let last: UInt64

  init(_ first: UInt64, _ last: UInt64) {
    self.first = first
    self.last = last
  }

  init?(argument: String) {
    guard let dots = argument.firstRange(of: "..") else {
      guard let seed = UInt64(argument) else { return nil }
      self.init(seed, seed)
      return
    }
    guard let first = UInt64(argument[..<dots.lowerBound]),
      let last = UInt64(argument[dots.upperBound...]), first <= last
    else { return nil }
    self.init(first, last)
  }

  var description: String { first == last ? "\(first)" : "\(first)..\(last)" }
  var defaultValueDescription: String { description }
}

/// Which faults may happen.
struct FaultKinds: ExpressibleByArgument, CustomStringConvertible {
  let kinds: [Fault.Kind]

  static let all = FaultKinds(kinds: Fault.Kind.allCases)

  private init(kinds: [Fault.Kind]) { self.kinds = kinds }

  init?(argument: String) {
    switch argument {
    case "all": self = .all
    case "none": kinds = []
    default:
      let names = argument.split(separator: ",")
      kinds = names.compactMap { Fault.Kind(rawValue: String($0)) }
      guard kinds.count == names.count else { return nil }
    }
  }

  var description: String {
    if kinds == Fault.Kind.allCases { return "all" }
    return kinds.isEmpty ? "none" : kinds.map(\.rawValue).joined(separator: ",")
  }
  var defaultValueDescription: String { description }
}

/// What came of all runs together.
private struct Summary {
  private var runs = 0
  private var steps = 0
  private var views = 0
  private var operations = 0
  private var partitionsRead = 0
  private var lost = 0
  private var marks: Set<MembershipMark> = []

  mutating func add(_ outcome: ClusterRun.Outcome) {
    runs += 1
    steps += outcome.steps
    views += Int(outcome.views)
    operations += outcome.operations
    partitionsRead += outcome.partitionsRead
    if outcome.isLost { lost += 1 }
    marks.formUnion(outcome.marks)
  }

  func print(_ seeds: SeedRange, seconds: Double, isJSON: Bool) throws {
    let missed = MembershipMark.allCases.filter { !marks.contains($0) }
    let rate = Int(Double(steps) / max(seconds, 0.001))
    if isJSON {
      let document = JSON.object([
        ("type", .text("simulation")), ("seeds", .text(seeds.description)),
        ("steps", .integer(steps)), ("views", .integer(views)),
        ("operations", .integer(operations)),
        ("partitions_read", .integer(partitionsRead)), ("steps_per_second", .integer(rate)),
        ("violations", .integer(0)), ("lost_majority", .integer(lost)),
        ("reached", .integer(marks.count)),
        ("missed", .array(missed.map { .text($0.rawValue) })),
      ])
      return try Terminal.print(document.line)
    }
    try Terminal.print(
      "seeds \(seeds): \(steps.grouped) steps (\((steps / max(runs, 1)).grouped) a seed), "
        + "\(views.grouped) views, \(operations.grouped) operations, "
        + "\(partitionsRead.grouped) partitions read, \(rate.grouped) steps a second; all kept")
    try Terminal.print("\(lost) lost their majority to faults, and waited as they have to")
    try Terminal.print(
      "rare paths: \(marks.count) of \(MembershipMark.allCases.count) reached")
    for mark in missed { try Terminal.print("  not reached: \(mark.rawValue)") }
  }
}
