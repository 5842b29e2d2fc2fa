// SPDX-License-Identifier: Apache-2.0
import Vocabulary

extension Membership {
  /// What this node waits for before it can go on, in words; nil where it waits for nothing.
  package func waits(_ now: UInt64) -> String? {
    if let joining { return "waits to be let in: \(joining.waitsFor)" }
    guard let view else { return nil }
    let suspects = suspects(now)
    guard reachesMajority(now) else {
      return "hears \(view.members.count - suspects.count) of \(view.members.count) members and "
        + "needs \(view.majority): waits for \(view.names(suspects))"
    }
    guard isWedged else { return isLeaving ? leavingWaits(view) : nil }
    guard let campaign = change.campaign else {
      let leader = change.promised.leader
      return "view \(view.number) ends: waits for \(view.record(leader).name), which leads "
        + "\(change.promised)"
    }
    if let proposal = campaign.proposal {
      let missing = view.ranks.subtracting(campaign.echoes)
      return "view \(view.number) ends: \(view.names(missing)) must agree to view "
        + "\(proposal.next.number)"
    }
    let missing = view.ranks.subtracting(campaign.reporters).subtracting(suspects)
    if !missing.isEmpty { return "view \(view.number) ends: waits for \(view.names(missing))" }
    let holders = view.subgroups[0].holders.subtracting(campaign.reporters)
    return "view \(view.number) ends: waits for \(view.names(holders)), who alone hold the "
      + "coordinators' state"
  }

  /// What a node that wants to leave waits for.
  private func leavingWaits(_ view: View) -> String {
    let alone = view.subgroups.indices.filter { index in
      guard view.subgroups[index].role.holdsState, holds[index] else { return false }
      return !view.subgroups[index].receivers.removing(rank).contains { other in
        let told = peers[other.index].health?.holds ?? []
        return index < told.count && told[index]
      }
    }
    guard !alone.isEmpty else { return "leaves: waits for the next view" }
    let roles = alone.map { view.subgroups[$0].role.description }.joined(separator: ", ")
    return "leaves: waits until others hold the state of \(roles)"
  }
}
