// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// How much of each subgroup's total order the view delivers.
enum RaggedTrim {
  /// By subgroup: what all reporting receivers among `members` have. Whatever anybody delivered was
  /// stable, so all receivers had it, and it is inside; and who goes on has all of it.
  /// (guard: propose.trim)
  static func trims(_ view: View, _ members: RankSet, _ reports: [Report?]) -> [UInt64] {
    view.subgroups.enumerated().map { index, subgroup in
      let received = subgroup.receivers.intersection(members).compactMap { member in
        reports[member.index]?.columns.received[index]
      }
      return received.min() ?? 0
    }
  }
}

extension Membership {
  /// Whether this member has all that a decision delivers in its subgroups.
  func hasAll(of decision: Decision) -> Bool {
    guard let view, let columns = change.columns, decision.trims.count == view.subgroups.count
    else { return false }
    return view.subgroups.indices.allSatisfy { index in
      !view.subgroups[index].receivers.contains(rank)
        || columns.received[index] >= decision.trims[index]
    }
  }
}
