// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Fabrics

/// TCP over loopback with members on threads.
func tcpKind(_ settings: TCPSettings = TCPSettings()) -> ThreadedKind {
  ThreadedKind("tcp", addresses: { TCPGroup.addresses($0) }) { rank, plan, addresses in
    try TCPFabric.open(
      Formation(rank: rank, plan: plan, addresses: addresses), settings: settings)
  }
}
