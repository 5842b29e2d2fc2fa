// SPDX-License-Identifier: Apache-2.0
import Bench
import Exchange
import Fabrics
import MapReduce
import Runtime
import Vocabulary

/// One run of the suite: clusters come and go, figures stay.
struct SuiteRun {
  /// A workload, and what it reads.
  struct Work {
    let workload: Workload
    let input: InputKind
  }

  let options: BenchOptions
  let directory: TemporaryDirectory
  let inputs: SuiteInputs
  private(set) var report: SuiteReport
  private let began = ContinuousClock.now
  private let clustersDirectory: String
  private var clusters = 0
  /// What results came to in one process, by workload and input.
  private var digests: [String: UInt64] = [:]

  init(_ options: BenchOptions) throws {
    self.options = options
    do throws(FabricError) {
      directory = try TemporaryDirectory()
      // Paths of sockets have little room, which TMPDIR may take.
      clustersDirectory = try RunDirectory.make()
    } catch { throw JobError(error) }
    inputs = SuiteInputs(directory)
    report = SuiteReport([
      ("version", .text(Version.number)), ("date", .text("\(MeasuredHost.now) UTC")),
      ("cores", .integer(MeasuredHost.processors)), ("cpu", .text(MeasuredHost.processor)),
      ("memory", .text(ByteCount(MeasuredHost.memoryBytes).description)),
      ("kernel", .text(MeasuredHost.kernel)), ("load", .number(MeasuredHost.load)),
    ])
  }

  var page: String { SuitePage.html(report) }
  var isLate: Bool { ContinuousClock.now - began > .seconds(options.secondsLimit) }

  /// The first shape, Spark, and then the others: what matters most comes first.
  mutating func measureAll() throws {
    defer { PrivateDirectory.remove(clustersDirectory) }
    try Terminal.print(report.circumstancesText)
    let shapes = options.shapes
    let spark = try spark()
    try measure(shapes[0])
    if let spark { try measure(shapes[0], beside: spark) }
    for shape in shapes.dropFirst() { try measure(shape) }
    for note in report.notes { try Terminal.print("note: \(note)") }
  }

  /// What is measured, the shortest first.
  var works: [Work] {
    let workloads = options.workloads.filter { $0 != .empty }
    let all = options.sizes.items.sorted { $0.bytes < $1.bytes }.flatMap { size in
      workloads.map { Work(workload: $0, input: $0.input(of: size)) }
    }
    return (options.workloads.contains(.empty) ? [Work(workload: .empty, input: .line)] : []) + all
  }

  /// Measures all workloads on clusters of one shape, one over each transport.
  private mutating func measure(_ shape: ClusterShape) throws {
    guard !isLate else {
      let name = BenchCase.title(nodes: shape.nodes, replicas: shape.replicas)
      return report.note("left out, as the time was up (--seconds-limit): \(name)")
    }
    var running: [WarmCluster] = []
    defer { for cluster in running { cluster.end() } }
    for transport in options.transports.items {
      if let cluster = try cluster(shape, over: transport) { running.append(cluster) }
    }
    guard !running.isEmpty else {
      throw JobError(.unavailable, "no cluster could be started", advice: report.notes.last)
    }
    for work in works {
      guard !isLate else {
        report.note("not all workloads were measured: the time was up (--seconds-limit)")
        return
      }
      try show(measure(work, shape, running))
    }
  }

  mutating func cluster(
    _ shape: ClusterShape, over transport: Transport
  ) throws -> WarmCluster? {
    clusters += 1
    say("starting \(shape.nodes) nodes over \(transport.rawValue)")
    let place = "\(clustersDirectory)/c\(clusters)"
    do {
      return try WarmCluster(shape, over: transport, in: place) { try keyFile() }
    } catch let error as JobError where transport == .verbs && error.code != .interrupted {
      report.note("verbs was left out: \(error.message)")
      return nil
    }
  }

  /// A new secret, for one cluster.
  private func keyFile() throws -> String {
    let name = "key\(clusters)"
    var isWritten = false
    do {
      try directory.write(name) { buffer in
        if isWritten { return false }
        isWritten = true
        for _ in 0..<4 { buffer.appendLittleEndian(UInt64.random(in: .min ... .max)) }
        return true
      }
    } catch { throw JobError(error) }
    return directory.file(name)
  }

  /// One process and the clusters take turns, in the same order in each round.
  private mutating func measure(
    _ work: Work, _ shape: ClusterShape, _ clusters: [WarmCluster]
  ) throws -> CaseFigures {
    let input = try inputs.input(work.input)
    let place = BenchCase(
      .cluster, work.workload.rawValue, bytes: input.bytes, nodes: shape.nodes,
      replicas: shape.replicas)
    say(place.title)
    let digest = try expectedDigest(work, input)
    var inline: [Trial] = []
    var trials = clusters.map { _ in [Trial]() }
    let rounds = work.workload == .empty ? max(options.repetitions, 5) : options.repetitions
    let count = work.workload == .empty ? max(1, options.submissions / rounds) : 1
    for round in 0...rounds {
      try checkInterruption()
      let isCounted = round > 0
      let trial = try Self.inlineTrial(work, input)
      if isCounted { inline.append(trial) }
      for (number, cluster) in clusters.enumerated() {
        let found = try cluster.trials(count, work.workload.job, [input.path])
        if isCounted { trials[number] += found }
        try check(cluster.digest(), digest, work, cluster.transport.rawValue)
      }
    }
    let first = clusters[0].transport.rawValue
    let figures = zip(clusters, trials).map { cluster, trials in
      let name = cluster.transport.rawValue
      return VariantFigures(name, trials, against: name == first ? ["inline"] : ["inline", first])
    }
    return CaseFigures(place, [VariantFigures("inline", inline)] + figures, digest: digest)
  }

  /// A job from the start of a process to its end.
  static func inlineTrial(_ work: Work, _ input: SuiteInputs.Input) throws -> Trial {
    let run = try OwnProgram.run(["run", work.workload.job, input.path, "--quiet"])
    return Trial(wall: run.wall, cpu: run.cpu, peak: run.peak)
  }

  mutating func expectedDigest(_ work: Work, _ input: SuiteInputs.Input) throws -> UInt64 {
    let key = "\(work.workload.job) \(input.path)"
    if let digest = digests[key] { return digest }
    let run = try OwnProgram.run(["bench", "digest", work.workload.job, input.path])
    guard let digest = UInt64(run.output.prefix { !$0.isNewline }, radix: 16) else {
      throw JobError(.internalFault, "`bench digest` printed no digest: \(run.output)")
    }
    digests[key] = digest
    return digest
  }

  func check(_ found: UInt64, _ wanted: UInt64, _ work: Work, _ variant: String) throws {
    guard found != wanted else { return }
    throw JobError(
      .failed,
      "results differ: \(work.workload.rawValue) on a cluster over \(variant) came to "
        + "\(hexadecimal(found)), in one process to \(hexadecimal(wanted))")
  }

  mutating func note(_ text: String) { report.note(text) }

  mutating func show(_ figures: CaseFigures) throws {
    report.add(figures)
    try Terminal.write(text: "\n" + SuiteTable.text(figures))
  }

  func say(_ text: String) { if !options.quiet { Terminal.say(text) } }

  func checkInterruption() throws {
    if Interrupt.cancellation.isCancelled { throw JobError.benchInterrupted }
  }
}
