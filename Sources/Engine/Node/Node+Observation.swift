// SPDX-License-Identifier: Apache-2.0
import Membership
import Multicast
import StateTable
package import Vocabulary

/// How far a member is in one subgroup, and how far it knows the others to be.
package struct ObservedGroup: Hashable, Sendable {
  /// Turns that it has used as a sender; nil where it is none.
  package let sent: UInt64?
  /// Its turn among the senders.
  package let turn: Int
  package let senders: Int
  package let received: UInt64
  package let delivered: UInt64
  /// By receiver: places that its column says, in this member's copy.
  package let seen: [Rank: UInt64]
}

extension Node {
  /// By subgroup of the view, for checkers; nil while there is no fabric.
  package func observedGroups() -> [ObservedGroup?]? {
    guard let plane, let view = dataView else { return nil }
    let table = plane.member.table
    return view.subgroups.indices.map { index in
      let group = plane.member.subgroups[index]
      guard group.isReceiver || group.isSender else { return nil }
      let layout = group.layout
      var seen: [Rank: UInt64] = [:]
      for receiver in layout.plan.receivers {
        seen[receiver] = table.read(layout.received, of: receiver)
      }
      let turn = layout.plan.senders.firstIndex(of: dataRank)
      return ObservedGroup(
        sent: turn == nil ? nil : table.read(layout.sent, of: dataRank), turn: turn ?? 0,
        senders: layout.plan.senders.count,
        received: group.isReceiver ? table.read(layout.received, of: dataRank) : 0,
        delivered: group.deliveredCount, seen: seen)
    }
  }
}
