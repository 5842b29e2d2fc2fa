// SPDX-License-Identifier: Apache-2.0

/// What one measured execution took.
package struct Trial: Sendable {
  /// Seconds on the clock.
  package let wall: Double
  /// Seconds of processor time of all processes that took part, user and system.
  package let cpu: Double?
  /// The most that they had resident, each at its own worst moment, in bytes.
  package let peak: Int?

  package init(wall: Double, cpu: Double? = nil, peak: Int? = nil) {
    self.wall = wall
    self.cpu = cpu
    self.peak = peak
  }
}

/// What is measured: a workload on an input of some size, on a cluster of some shape.
package struct BenchCase: Hashable, Sendable {
  package enum Group: String, Sendable {
    /// Jobs submitted to a cluster that runs, over each transport.
    case cluster
    /// The same jobs beside Spark's.
    case spark
  }

  package let group: Group
  package let workload: String
  /// Bytes of the input.
  package let bytes: Int
  package let nodes: Int
  package let replicas: Int

  package init(_ group: Group, _ workload: String, bytes: Int, nodes: Int, replicas: Int) {
    self.group = group
    self.workload = workload
    self.bytes = bytes
    self.nodes = nodes
    self.replicas = replicas
  }

  /// One line for people.
  package var title: String {
    let beside = group == .spark ? ", beside Spark" : ""
    let shape = Self.title(nodes: nodes, replicas: replicas)
    return "\(workload) of \(Digits.size(bytes)), \(shape)\(beside)"
  }

  /// A shape for people.
  package static func title(nodes: Int, replicas: Int) -> String {
    "\(nodes) \(nodes == 1 ? "node" : "nodes"), "
      + "\(replicas) \(replicas == 1 ? "replica" : "replicas")"
  }
}

/// One variant's trials in a case.
package struct VariantFigures: Sendable {
  package let variant: String
  /// In the order of the rounds; at least one.
  package let trials: [Trial]
  /// The variants of the case that it is compared with.
  package let against: [String]

  package init(_ variant: String, _ trials: [Trial], against: [String] = []) {
    precondition(!trials.isEmpty, "\(variant) has no trial")
    self.variant = variant
    self.trials = trials
    self.against = against
  }

  package var wall: Spread { Self.spread(trials.map(\.wall)) }
  /// Nil where a trial does not tell it.
  package var cpu: Spread? { Self.whole(trials.map(\.cpu)) }
  package var peak: Spread? { Self.whole(trials.map { $0.peak.map(Double.init) }) }

  private static func spread(_ values: [Double]) -> Spread {
    guard let spread = Spread(values) else { preconditionFailure("there is at least one trial") }
    return spread
  }

  private static func whole(_ values: [Double?]) -> Spread? {
    let told = values.compactMap(\.self)
    return told.count == values.count ? Spread(told) : nil
  }

  /// How many times as long as the other it takes.
  ///
  /// Where both took turns, the median over the rounds: a round's two trials stood close together
  /// in time, so that what disturbs the machine disturbs both.
  package func ratio(to other: VariantFigures) -> Double {
    guard trials.count == other.trials.count else { return wall.median / other.wall.median }
    return Self.spread(zip(trials, other.trials).map { $0.wall / $1.wall }).median
  }
}

/// All variants of a case, measured in turns.
package struct CaseFigures: Sendable {
  package let place: BenchCase
  package let variants: [VariantFigures]
  /// XXH64 over the digests of all partitions of its results: the same for all variants. Nil where
  /// results were compared otherwise.
  package let digest: UInt64?

  package init(_ place: BenchCase, _ variants: [VariantFigures], digest: UInt64? = nil) {
    self.place = place
    self.variants = variants
    self.digest = digest
  }

  package subscript(variant: String) -> VariantFigures? {
    variants.first { $0.variant == variant }
  }

  /// What a variant is compared with, and how many times as long it takes.
  package func ratios(of figures: VariantFigures) -> [(variant: String, ratio: Double)] {
    figures.against.compactMap { name in
      self[name].map { (name, figures.ratio(to: $0)) }
    }
  }
}
