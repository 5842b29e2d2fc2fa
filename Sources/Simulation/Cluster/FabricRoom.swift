// SPDX-License-Identifier: Apache-2.0
import Engine
import Membership
import Multicast
import Vocabulary

/// Where the members of one view meet: its simulated network, which stands when all have come.
final class FabricRoom {
  let view: View
  let network: SimulatedNetwork
  /// Members that asked for it and did not give it up since.
  var present = RankSet()
  /// Members that were told that it stands.
  var formed = RankSet()

  init(_ view: View, _ layout: ViewLayout, seed: UInt64) {
    self.view = view
    network = SimulatedNetwork(
      plan: layout.group.plan, hosts: layout.group.hosts, seed: seed)
  }

  var stands: Bool { present == view.ranks }
}
