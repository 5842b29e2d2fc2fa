// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Simulation
import Vocabulary

/// The simulated network as a group that the contract's checks can drive.
final class SimulatedGroup: StepwiseGroup {
  private let network: SimulatedNetwork
  private var random: SeededRandom
  private(set) var nanoseconds: UInt64 = 0
  private var crashed = RankSet()

  init(_ plan: GroupPlan, hosts: Hosts? = nil, seed: Int) {
    network = SimulatedNetwork(plan: plan, hosts: hosts, seed: UInt64(seed))
    random = SeededRandom(seed: UInt64(seed) &+ 5)
  }

  var fabrics: [any Fabric] { network.fabrics }

  /// Some pieces of some pushes land; those of one link in its order.
  func advance() {
    nanoseconds += 5_000_000
    for link in random.mixed(network.movable) {
      // About half of what is under way, or all of it.
      var pieces = random.below(3 * network.underWay(link.source, link.target) + 2)
      while pieces > 0, network.underWay(link.source, link.target) > 0 {
        network.move(link.source, link.target)
        pieces -= 1
      }
    }
    // Who is gone is found out some time after.
    let gone = network.plan.members.subtracting(network.alive)
    guard !gone.isEmpty, random.once(in: 20) else { return }
    for peer in gone { for rank in network.alive { network.report(peer, to: rank) } }
  }

  func crash(_ rank: Rank) { network.kill(rank) }
}
