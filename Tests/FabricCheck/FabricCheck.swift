// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// The contract of one-sided writes as a program: for machines where no test runner is, and for
/// members in processes of their own.
@main struct FabricCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Checks a fabric against the contract of one-sided writes.",
    discussion: """
      Run it once for each member, with the same addresses, seed and scale and another rank; or \
      once with --all, which runs all members on threads. Prints a line for each check. Exit code \
      0: all promises were kept, 1: not all.
      """,
    subcommands: [
      Contract.self, Flow.self, Hold.self, MulticastVerb.self, Figures.self, Forming.self,
      Simulate.self,
    ],
    defaultSubcommand: Contract.self)
}
