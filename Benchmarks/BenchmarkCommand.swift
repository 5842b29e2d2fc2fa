// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Fabrics
import Glibc

/// What the executable is asked for: to measure, or to be a member of a group that is measured.
@main enum Program {
  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    if arguments.first == MemberProgram.name { MemberProgram.run(Array(arguments.dropFirst())) }
    BenchmarkCommand.main()
  }
}

/// `Benchmarks SUITE …`.
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "Benchmarks",
    abstract: "Measures the engine beside reference programs, in the same run.",
    discussion: """
      A ratio is the figure over the reference's: for times and memory less is better, for rates \
      more is. Figures are medians; turns are taken in the order A B A B, after one warm-up each.
      """)

  @Argument(help: "What to measure: \(SuiteName.list).") var suite: SuiteName

  @Flag(help: "Small inputs: shows that the suites work, in seconds.") var small = false

  @Flag(help: "Print JSON, one object a line.") var json = false

  @Option(help: "How often each thing is measured: at least 5.") var repetitions = 5

  @Option(
    help: """
      A real text for kernels, wordcount and scaling; or lines of 100 bytes for terasort. \
      Generated where it is left out.
      """)
  var input: String?

  @Option(help: "The folder of the reference programs' sources.")
  var references = "Benchmarks/References"

  @Option(
    parsing: .upToNextOption,
    help: "What multicast is measured over: shm, tcp, verbs; all that work here by default.")
  var transports: [Transport] = Transport.measured

  @Option(help: "Of operators: only those whose name holds this text.")
  var only: String?

  @Option(help: "Also draws all figures, into an SVG file.")
  var chart: String?

  func validate() throws {
    if transports.contains(.auto) {
      throw ValidationError("--transports takes shm, tcp and verbs: auto is one of them")
    }
    if repetitions < 5 { throw ValidationError("--repetitions takes a number from 5") }
  }

  func run() throws {
    Interruption.install()
    let scratch = try ScratchDirectory()
    defer { scratch.remove() }
    let page = try chart.map(Files.openToReplace)
    defer { if let page { close(page) } }
    let reporter = Reporter(isJSON: json)
    let session = Session(
      isSmall: small, repetitions: repetitions, reporter: reporter, scratch: scratch,
      references: References(directory: references, reporter: reporter),
      inputs: Inputs(
        scratch: scratch, reporter: reporter, given: input, isForAll: suite == .all),
      transports: transports, only: only)
    reporter.machine(Machine.description)
    for suite in suite.suites { try session.run(suite) }
    if let page {
      try Files.replace(page, by: reporter.book.page(suite: suite.rawValue))
    }
  }
}

/// What can be asked for.
enum SuiteName: String, CaseIterable, ExpressibleByArgument {
  case kernels
  case operators
  case wordcount
  case terasort
  case rounds
  case scaling
  case startup
  case multicast
  case catalogue
  case cluster
  case all

  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  /// The suites in the order in which they run. Operators and kernels come last: they make this
  /// process large, and a child's peak memory is never told below its parent's.
  var suites: [any Suite.Type] {
    switch self {
    case .kernels: [KernelSuite.self]
    case .operators: [OperatorSuite.self]
    case .wordcount: [WordCountSuite.self]
    case .terasort: [TeraSortSuite.self]
    case .rounds: [RoundsSuite.self]
    case .scaling: [ScalingSuite.self]
    case .startup: [StartupSuite.self]
    case .multicast: [MulticastSuite.self]
    case .catalogue: [CatalogueSuite.self]
    case .cluster: [ClusterSuite.self]
    case .all:
      [
        StartupSuite.self, MulticastSuite.self, CatalogueSuite.self, ClusterSuite.self,
        WordCountSuite.self, ScalingSuite.self, TeraSortSuite.self, RoundsSuite.self,
        OperatorSuite.self, KernelSuite.self,
      ]
    }
  }
}

extension Transport: ExpressibleByArgument {}
