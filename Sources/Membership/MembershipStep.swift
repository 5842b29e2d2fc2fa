// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// A step of a view change, as the proofs name it: told where somebody checks what a member does.
package enum MembershipStep: Hashable, Sendable {
  /// The member takes nothing in any more.
  case wedged
  case begun(Ballot)
  case reported(Ballot, received: [UInt64], echoed: Ballot?)
  /// `reports`: whose reports count. `adopts`: the ballot whose decision is taken over.
  case proposed(Decision, reports: RankSet, adopts: Ballot?)
  case echoed(Ballot)
  case committed(Ballot, echoes: RankSet)
  case installed(Ballot)
}
