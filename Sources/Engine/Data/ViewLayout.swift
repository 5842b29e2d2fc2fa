// SPDX-License-Identifier: Apache-2.0
package import Membership
package import Multicast
import StateTable
import Vocabulary

/// How a view uses memory: its subgroups in the order of the view, then one more for each subgroup
/// whose state is given to somebody.
package struct ViewLayout: Sendable {
  package let group: GroupLayout
  /// By subgroup of the view: where in the group its state is given to who joins it.
  let transfers: [Int?]

  package init(_ view: View) {
    var plans = view.subgroups.map { Self.plan($0, view) }
    var transfers: [Int?] = []
    for subgroup in view.subgroups {
      guard let donor = subgroup.donor else {
        transfers.append(nil)
        continue
      }
      transfers.append(plans.count)
      plans.append(Self.transfer(subgroup, donor))
    }
    self.transfers = transfers
    // Members agree on the view, so that none meets one that is in another.
    let hosts = Set(view.members.map(\.host))
    do {
      group = try GroupLayout(
        members: view.members.count, sharesMemory: hosts.count == 1, subgroups: plans)
    } catch {
      preconditionFailure("a view has 1 to \(Limits.members) members: \(error)")
    }
  }

  private static func plan(_ subgroup: SubgroupAssignment, _ view: View) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: subgroup.role.description, senders: subgroup.senders, receivers: subgroup.receivers)
    switch subgroup.role {
    case .coordinator, .shard:
      plan.window = 512
      plan.blockRingBytes = 4 << 20
      plan.blockBytes = 256 << 10
    case .control:
      plan.smallRingBytes = 64 << 10
      plan.window = 64
    }
    return plan
  }

  private static func transfer(_ subgroup: SubgroupAssignment, _ donor: Rank) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: "\(subgroup.role).state", senders: [donor], receivers: subgroup.joiners)
    plan.window = 8
    plan.smallRingBytes = 64 << 10
    plan.smallBytes = 4 << 10
    plan.blockRingBytes = 4 << 20
    plan.blockBytes = 256 << 10
    return plan
  }

  /// Bytes of a message of a state on its way: several fit into the ring at a time.
  static let transferBytes = 1 << 20
  /// The most bytes of a submission.
  package static let submissionBytes = 2 << 20
}
