// SPDX-License-Identifier: Apache-2.0
package import Environment
import Vocabulary

/// A way to run the members of a check: as threads over a real fabric, or step by step over a
/// simulated one.
package protocol FabricKind: Sendable {
  var name: String { get }
  /// Whether members run by themselves, so that parking can be checked.
  var hasThreads: Bool { get }
  /// Opens a group, runs the check's programs to their end, and closes it. Throws a `Violation`
  /// where a promise is not kept, or the fabric's own error where it cannot be opened.
  func run(_ check: Check, _ settings: CheckSettings) throws
}

package struct CheckSettings: Sendable {
  package var members = 3
  package var seed: Int
  package var scale = Scale.quick
  /// Whatever has not ended then, hangs.
  package var limitSeconds = 120
  /// Who shares memory with whom, where that is known: what a member may pass on depends on it.
  package var hosts: Hosts?

  package init(members: Int = 3, seed: Int, scale: Scale = .quick, limitSeconds: Int = 120) {
    self.members = members
    self.seed = seed
    self.scale = scale
    self.limitSeconds = limitSeconds
  }

  package func part(_ index: Int) -> Part {
    Part(
      rank: Rank(index), members: members, seed: seed, scale: scale,
      hosts: hosts ?? Hosts(apart: members))
  }
}
