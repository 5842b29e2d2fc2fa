// SPDX-License-Identifier: Apache-2.0
import MapReduce
import Synchronization

/// Comes to something else in each run, in one of several ways.
struct Strays: Job {
  static let abstract = "Comes to something else in each run."

  enum Manner: String, ExpressibleByArgument, CaseIterable {
    /// A random number is the value of a key.
    case chance
    /// Elements are numbered as they come along.
    case order
    /// A random number decides whether a key is there.
    case presence
    /// A counter counts what is random.
    case counter
    /// The plan has another number of stages.
    case plan
    /// It does not.
    case never
  }

  @Argument(help: "How.") var manner: Manner

  func plan(_ flow: Flow) {
    let counted = flow.counter("counted")
    if manner == .plan {
      flow.read(.values([1])).write(.result("stray\(builds.add(1, ordering: .relaxed).newValue)"))
    }
    let turns = Turns()
    flow.read(.values(Array(0..<10_000)))
      .keyed { [manner] number in
        let key = number % 10
        guard key == 7 else { return (key, 1) }
        switch manner {
        case .chance: return (key, Int.random(in: 1...1_000_000))
        case .order: return (key, number / 1_000 * turns.next())
        case .presence: return (Int.random(in: 10...1_000_000), 1)
        case .counter: counted.add(Int.random(in: 1...1_000_000))
        case .plan, .never: break
        }
        return (key, 1)
      }
      .reduce(+)
      .write(.result("sums"))
  }
}

/// How often the plan was built.
private let builds = Atomic<Int>(0)

/// Numbers whoever asks.
private final class Turns: Sendable {
  private let count = Atomic<Int>(0)
  func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
