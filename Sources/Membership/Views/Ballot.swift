// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// One attempt of one member to lead a view change. Ballots are totally ordered, and no two members
/// ever lead the same one.
package struct Ballot: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let attempt: UInt32
  package let leader: Rank

  package init(attempt: UInt32, leader: Rank) {
    self.attempt = attempt
    self.leader = leader
  }

  /// Below all that are ever begun.
  package static let none = Ballot(attempt: 0, leader: Rank(0))

  package static func < (a: Ballot, b: Ballot) -> Bool {
    (a.attempt, a.leader) < (b.attempt, b.leader)
  }

  package var description: String { "ballot \(attempt) of \(leader)" }
}
