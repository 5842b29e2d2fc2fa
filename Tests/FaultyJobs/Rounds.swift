// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Goes through rounds, joins, and is handed broadcasts, with counters on the way: everything that
/// stages can be to each other, for tests in which nodes die.
struct Rounds: Job {
  static let abstract = "Spreads counts between words that stand beside each other."

  @Argument(help: "Files to read.") var input: [String]
  @Option(help: "Rounds at most.") var rounds = 6

  func plan(_ flow: Flow) {
    let steps = flow.counter("steps")
    let neighbours = flow.read(.lines(input))
      .flatMap(to: (Tuple<Bytes, Bytes>, Int).self) { line, emit in
        var last: Bytes?
        for word in line.words {
          if let last { emit(Tuple(last, word), 1) }
          last = word
        }
      }
      .reduce(+)
      .flatMap { pair, _, emit in emit(String(pair.parts.0), String(pair.parts.1)) }
    let start = neighbours.countByKey()
    let most = start.map { _, count in count }.top(1).broadcast()
    // The least count of all words that lead to a word, and those of the words before them.
    let least = start.iterate(upTo: rounds, until: { $0 == $1 }) { counts in
      neighbours.join(counts, to: (String, Int).self) { _, next, count, emit in
        steps.add()
        emit(next, count)
      }
      .union(counts).reduce { min($0, $1) }
    }
    least.write(.result("least"))
    least.leftJoin(start) { _, least, own in Tuple(least, own ?? 0) }
      .mapValues(with: most) { _, both, most in both.parts.0 + both.parts.1 + (most.first ?? 0) }
      .write(.result("joined"))
  }
}
