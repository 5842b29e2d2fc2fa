// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc
import Simulation

/// `FabricCheck simulate`: plays random groups on the simulated network.
struct Simulate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Plays random groups with delays, deaths and partitions on a simulated network.",
    discussion: """
      The code is that of production, the order of everything follows from the seed. Exit code 1: \
      a seed broke what has to hold; it is printed, and --first SEED --seeds 1 plays it again.
      """)

  @Option(help: "The first seed.") var first: UInt64 = 0
  @Option(help: "How many seeds.") var seeds: UInt64 = 200
  @Flag(help: "Print each scenario.") var verbose = false

  func run() throws {
    var steps = 0
    var delivered = 0
    for seed in first..<first + seeds {
      let scenario = MulticastScenario(seed: seed)
      if verbose { print(scenario) }
      let outcome = try MulticastRun(scenario).play()
      steps += outcome.steps
      delivered += outcome.delivered
      guard outcome.violations.isEmpty else {
        print("broken in step \(outcome.steps): \(scenario)")
        for violation in outcome.violations { print("  \(violation)") }
        throw ExitCode(1)
      }
    }
    print("seeds \(first) to \(first + seeds - 1): \(steps) steps, \(delivered) messages, all kept")
  }
}
