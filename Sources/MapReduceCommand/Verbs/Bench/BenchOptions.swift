// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Fabrics
import Glibc
import Runtime
import Vocabulary

/// What the suite measures, and how often.
struct BenchOptions: ParsableArguments {
  @Option(help: "What to measure, of \(Workload.list).")
  var jobs = Listed(Workload.allCases)

  @Option(help: "What data travels over, of shm, tcp, verbs; the first one is compared with.")
  var transports = Listed([Transport.shm, .tcp])

  @Option(help: "Numbers of nodes; the first is the one that replicas are varied at.")
  var nodes = Self.defaults.nodes

  @Option(help: "Numbers of replicas; the first is the one that nodes are varied at.")
  var replicas = Self.defaults.replicas

  @Option(help: "Bytes of the inputs, such as 1MB, 100MB, 1GB.")
  var sizes = Self.defaults.sizes

  @Option(help: "Rounds that count; one before them does not.") var repetitions = Self.defaults
    .repetitions

  @Option(help: "Rounds beside Spark, each of which starts Spark anew.") var sparkRepetitions = 3

  @Option(
    help: ArgumentHelp(
      "Spark to compare with: a Python that has PySpark; auto takes python3; off takes none.",
      valueName: "python"))
  var spark = "auto"

  @Option(help: "Begin nothing new after so many seconds.") var secondsLimit = Self.defaults.seconds

  @Flag(help: "One small case of each kind, to see that it works; its figures say little.")
  var quick = false

  @Option(help: ArgumentHelp("Write figures as JSON, one a line.", valueName: "file"))
  var json: String?

  @Option(help: ArgumentHelp("Write figures as one HTML page with charts.", valueName: "file"))
  var html: String?

  @Flag(name: .shortAndLong, help: "Do not say what is being measured.") var quiet = false

  func validate() throws {
    guard nodes.items.allSatisfy({ (1...LocalClusterSettings.nodesMaximum).contains($0) }) else {
      throw ValidationError("--nodes takes 1 to \(LocalClusterSettings.nodesMaximum)")
    }
    guard replicas.items.allSatisfy({ (1...Limits.members).contains($0) }) else {
      throw ValidationError("--replicas takes 1 to \(Limits.members)")
    }
    if repetitions < 1 || sparkRepetitions < 1 {
      throw ValidationError("repetitions are at least one")
    }
    if secondsLimit < 1 { throw ValidationError("--seconds-limit takes a number above zero") }
    guard transports.items.allSatisfy({ [.shm, .tcp, .verbs].contains($0) }) else {
      throw ValidationError("--transports takes shm, tcp and verbs: the others choose among these")
    }
  }

  /// With --quick, what was left at its default is small.
  var resolved: BenchOptions {
    var options = self
    if quick { options.shrink() }
    return options
  }

  private mutating func shrink() {
    if nodes == Self.defaults.nodes { nodes = Listed([2]) }
    if replicas == Self.defaults.replicas { replicas = Listed([2]) }
    if sizes == Self.defaults.sizes { sizes = Listed([InputSize(1_000_000)]) }
    if repetitions == Self.defaults.repetitions { repetitions = 2 }
    if spark == "auto" { spark = "off" }
    if secondsLimit == Self.defaults.seconds { secondsLimit = 25 }
  }

  private static let defaults = (
    nodes: Listed([3, 1, 2, 4, 6]), replicas: Listed([2, 1, 3]),
    sizes: Listed([InputSize(1_000_000), InputSize(100_000_000)]), repetitions: 5, seconds: 600
  )

  var workloads: [Workload] { jobs.items }

  /// How many jobs are submitted one after the other to tell how long the shortest takes.
  var submissions: Int { quick ? 20 : 200 }

  /// The shapes of clusters: the one that others are varied around, and these.
  var shapes: [ClusterShape] {
    var shapes: [ClusterShape] = []
    let all =
      nodes.items.map { ClusterShape(nodes: $0, replicas: min(replicas.items[0], $0)) }
      + replicas.items.map {
        ClusterShape(nodes: nodes.items[0], replicas: min($0, nodes.items[0]))
      }
    for shape in all where !shapes.contains(shape) { shapes.append(shape) }
    return shapes
  }
}

/// How many nodes a cluster has, and how many of them keep each shard.
struct ClusterShape: Hashable {
  let nodes: Int
  let replicas: Int
}

/// Items with commas between them.
struct Listed<Item: ListItem>: ExpressibleByArgument, Equatable, Sendable {
  let items: [Item]

  init(_ items: [Item]) { self.items = items }

  init?(argument: String) {
    let words = argument.split(separator: ",", omittingEmptySubsequences: false)
    var items: [Item] = []
    for word in words {
      guard let item = Item(word: String(word)), !items.contains(item) else { return nil }
      items.append(item)
    }
    guard !items.isEmpty else { return nil }
    self.items = items
  }

  var defaultValueDescription: String { items.map(\.word).joined(separator: ",") }
}

/// What a list may hold.
protocol ListItem: Hashable, Sendable {
  init?(word: String)
  var word: String { get }
}

extension Int: ListItem {
  init?(word: String) { self.init(word) }
  var word: String { description }
}

extension Transport: ListItem {
  init?(word: String) { self.init(rawValue: word) }
  var word: String { rawValue }
}

/// Bytes of an input, in the decimal units in which inputs are named.
struct InputSize: ListItem {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  init?(word: String) {
    let digits = word.prefix { ("0"..."9").contains($0) }
    let unit = word.dropFirst(digits.count).uppercased()
    let units = ["": 1, "B": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000]
    guard let number = Int(digits), number > 0, let size = units[unit] else { return nil }
    let (bytes, isTooLarge) = number.multipliedReportingOverflow(by: size)
    guard !isTooLarge, bytes <= 1 << 40 else { return nil }
    self.bytes = bytes
  }

  var word: String {
    for (size, unit) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "KB")]
    where bytes.isMultiple(of: size) {
      return "\(bytes / size)\(unit)"
    }
    return "\(bytes)B"
  }
}
