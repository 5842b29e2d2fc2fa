// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Vocabulary

/// One promise of the contract, as programs that the members of a group run together. It does not
/// know over which fabric, and whether its members are threads, processes or simulated.
package struct Check: Sendable {
  /// One or two words, for a command line.
  package let name: String
  /// What holds, as a sentence.
  package let promise: String
  package var membersMinimum = 2
  /// Whether it is about parking: not for members that are driven step by step.
  package var needsThreads = false
  package let layout: @Sendable (_ members: Int) throws -> GroupPlan
  package let program: @Sendable (Part) -> any MemberProgram
}

/// What a member's program is told at its beginning.
package struct Part: Sendable {
  package let rank: Rank
  package let members: Int
  package let seed: Int
  package let scale: Scale
  let hosts: Hosts

  package init(rank: Rank, members: Int, seed: Int, scale: Scale, hosts: Hosts) {
    self.rank = rank
    self.members = members
    self.seed = seed
    self.scale = scale
    self.hosts = hosts
  }

  var all: RankSet { RankSet(first: members) }
  var peers: RankSet { all.removing(rank) }
  var last: Rank { Rank(members - 1) }
  func after(_ steps: Int) -> Rank { Rank((rank.index + steps) % members) }
  func before(_ steps: Int) -> Rank { Rank((rank.index + members - steps) % members) }
}

/// How much a check does.
package enum Scale: String, Sendable, CaseIterable {
  /// Seconds in all, in a debug build.
  case quick
  /// A million pushes and messages of 8 MiB.
  case full
}

/// A promise that was not kept.
package struct Violation: Error, Sendable, CustomStringConvertible {
  package let message: String
  /// Whether it may follow from a violation that another member found.
  package let isConsequence: Bool

  package init(_ message: String, isConsequence: Bool = false) {
    self.message = message
    self.isConsequence = isConsequence
  }

  package var description: String { message }
}

/// One member's part of a check.
package protocol MemberProgram: AnyObject {
  /// Reads copies, writes the own segment, asks for pushes.
  func turn(_ member: Member) throws -> Turn
  /// Whether a peer may be gone at this point.
  func mayBeGone(_ rank: Rank) -> Bool
  /// Where the program stands, for the report of one that hangs.
  var standing: String { get }
}

extension MemberProgram {
  package func mayBeGone(_ rank: Rank) -> Bool { false }
}

/// How a turn ended.
package enum Turn: Sendable, Hashable {
  case progress
  /// Nothing to do until something becomes visible, or some time has passed.
  case idle
  /// The member does nothing at all for so long: it does not poll either.
  case rest(milliseconds: Int)
  case done
  /// The member closes its fabric in the middle of things.
  case leave
  /// The member ends as in a crash, as well as its driver can do that.
  case die
}
