// SPDX-License-Identifier: Apache-2.0
import Environment
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
  /// Where members tell of steps; nil where no jobs run.
  let steps: StepColumns?

  package init(_ view: View, _ sizes: PlaneSizes) {
    sizes.check()
    var plans = view.subgroups.map { Self.plan($0, sizes) }
    var transfers: [Int?] = []
    for subgroup in view.subgroups {
      guard subgroup.role == .coordinator, let donor = subgroup.donor else {
        transfers.append(nil)
        continue
      }
      transfers.append(plans.count)
      plans.append(Self.transfer(subgroup, donor, sizes))
    }
    self.transfers = transfers
    var schema = TableSchema()
    steps = view.rules.shards > 0 ? StepColumns(in: &schema) : nil
    // Members agree on the view, so that none meets one that is in another.
    do {
      group = try GroupLayout(
        hosts: Hosts(view.members.map(\.host)), schema: schema, subgroups: plans)
    } catch {
      preconditionFailure("a view has 1 to \(Limits.members) members: \(error)")
    }
  }

  private static func plan(_ subgroup: SubgroupAssignment, _ sizes: PlaneSizes) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: subgroup.role.description, senders: subgroup.senders, receivers: subgroup.receivers)
    plan.window = sizes.window
    plan.smallBytes = sizes.smallBytes
    plan.smallRingBytes = sizes.smallRingBytes
    plan.blockRingBytes = sizes.blockRingBytes
    plan.blockBytes = sizes.blockBytes
    return plan
  }

  private static func transfer(
    _ subgroup: SubgroupAssignment, _ donor: Rank, _ sizes: PlaneSizes
  ) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: "\(subgroup.role).state", senders: [donor], receivers: subgroup.joiners)
    plan.window = 8
    plan.smallBytes = sizes.smallBytes
    plan.smallRingBytes = sizes.smallRingBytes
    plan.blockRingBytes = sizes.blockRingBytes
    plan.blockBytes = sizes.blockBytes
    return plan
  }
}
