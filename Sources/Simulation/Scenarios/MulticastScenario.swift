// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Multicast
import Vocabulary

/// A group, its subgroups and what happens to it, drawn from a seed.
package struct MulticastScenario: Sendable, CustomStringConvertible {
  /// What goes wrong.
  package enum Fault: String, Sendable, CaseIterable {
    case none
    /// Links stand still for a while.
    case freeze
    /// A member dies.
    case death
    /// Two parts of the group no longer hear each other, or only one way.
    case partition
  }

  package let seed: UInt64
  package let members: Int
  /// Who shares memory with whom.
  package let hosts: Hosts
  package let subgroups: [SubgroupPlan]
  /// By subgroup and rank: how many messages a member sends.
  package let messages: [[Int]]
  package let fault: Fault

  package init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    self.seed = seed
    let members = random.number(in: 2...7)
    self.members = members
    hosts = Self.hosts(members, &random)
    subgroups = (0..<random.number(in: 1...3)).map {
      Self.subgroup("s\($0)", members, &random)
    }
    messages = subgroups.map { subgroup in
      (0..<members).map { rank in
        guard subgroup.senders.contains(Rank(rank)), !random.once(in: 4) else { return 0 }
        return random.number(in: 1...40)
      }
    }
    fault = random.once(in: 2) ? .none : random.pick(Fault.allCases)
  }

  /// Mostly each member on its own, or on one of a few hosts.
  private static func hosts(_ members: Int, _ random: inout SeededRandom) -> Hosts {
    if random.once(in: 8) { return Hosts(together: members) }
    if random.once(in: 2) { return Hosts(apart: members) }
    let most = random.number(in: 2...4)
    return Hosts((0..<members).map { _ in random.below(most) })
  }

  private static func subgroup(
    _ name: String, _ members: Int, _ random: inout SeededRandom
  ) -> SubgroupPlan {
    let ranks = (0..<members).map { Rank($0) }
    let receivers = random.mixed(ranks).prefix(random.number(in: 1...members))
    let senders = random.mixed(ranks).prefix(random.number(in: 1...members))
    var plan = SubgroupPlan(
      name: name, senders: Array(senders), receivers: RankSet(receivers))
    plan.window = random.pick([1, 2, 3, 8, 64])
    plan.smallBytes = random.pick([0, 24, 100, 200])
    plan.smallRingBytes = random.pick([1024, 2048])
    plan.blockRingBytes = random.pick([0, 4096, 8192, 16384])
    plan.blockBytes = random.pick([64, 128, 512])
    plan.blockWindow = random.pick([1, 2, 5])
    plan.algorithm = random.pick(BlockAlgorithm.allCases)
    return plan
  }

  package var description: String {
    let groups = subgroups.map { plan in
      "\(plan.name): senders \(plan.senders.map(\.index)), receivers \(plan.receivers), window "
        + "\(plan.window), small \(plan.smallBytes)/\(plan.smallRingBytes), blocks "
        + "\(plan.blockBytes)/\(plan.blockRingBytes) \(plan.algorithm.rawValue)"
    }
    return "seed \(seed): \(members) members on hosts \(hosts), fault \(fault.rawValue); "
      + groups.joined(separator: "; ")
  }
}
