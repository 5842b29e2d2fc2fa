// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Fabrics

/// Members on threads, on hosts that are said to be different: those of one share memory, others
/// meet over loopback.
func mixedKind(_ directory: SocketDirectory, hosts: [Int]) -> ThreadedKind {
  ThreadedKind("mixed \(hosts)", addresses: { TCPGroup.addresses($0) }) { rank, plan, addresses in
    let places = zip(hosts, addresses).map { host, address in
      MemberPlace(
        host: "host\(host)", path: directory.path + "/" + address.suffix(5), address: address)
    }
    return try MixedFabric.open(Formation(rank: rank, plan: plan, places: places))
  }
}
