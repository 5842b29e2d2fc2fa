// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Ranks the nodes of a graph by how likely a reader is found there who follows links, and now and
/// then begins anew anywhere (Brin and Page 1998).
struct PageRank: Job {
  static let name = "pagerank"
  static let abstract = "Ranks the nodes of a graph by its links, to a tolerance."

  @Argument(help: "Files to read: on each line the numbers of two nodes, from and to.")
  var input: [String]
  @Option(help: "How likely a link is followed.") var damping = 0.85
  @Option(help: "Rounds at most.") var rounds = 20
  @Option(help: "By how much a rank may still change; 0 goes through all rounds.")
  var tolerance = 1e-6

  func validate() throws {
    if !(0...1).contains(damping) { throw ValidationError("damping is between 0 and 1") }
    if rounds < 1 { throw ValidationError("there is one round at least") }
    if !(tolerance >= 0) { throw ValidationError("the tolerance is not negative") }
  }

  func plan(_ flow: Flow) {
    let skipped = flow.counter("lines without two nodes")
    let links = flow.read(.lines(input))
      .flatMap(to: (Int, Int).self) { line, emit in
        guard let (from, to) = line.edge else { return skipped.add() }
        emit(from, to)
      }
      .group { _, targets in Array(targets) }
    let start = links.mapValues { _ in 1.0 }
    let ranks =
      tolerance == 0
      ? start.iterate(upTo: rounds) { round(links, $0) }
      : start.iterate(upTo: rounds, until: { [tolerance] in abs($0 - $1) <= tolerance }) {
        round(links, $0)
      }
    ranks.write(.result("pagerank"))
  }

  /// Every node gives its rank to those that it links to, in equal parts.
  private func round(
    _ links: Keyed<Int, [Int]>, _ ranks: Keyed<Int, Double>
  ) -> Keyed<Int, Double> {
    links.join(ranks, to: (Int, Double).self) { from, targets, rank, emit in
      // It stays, even where nobody links to it.
      emit(from, 0)
      let share = rank / Double(targets.count)
      for target in targets { emit(target, share) }
    }
    .reduce(+)
    .mapValues { [damping] in 1 - damping + damping * $0 }
  }
}

extension Bytes {
  /// Two whole numbers, between white space.
  var edge: (Int, Int)? {
    var words = words.makeIterator()
    guard let from = words.next().flatMap({ Int($0) }), let to = words.next().flatMap({ Int($0) })
    else { return nil }
    return (from, to)
  }
}
