// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

/// All tests here start processes: one after the other, so that a small machine keeps up.
@Suite(.serialized) struct ClusterTests {}

extension ClusterTests {
  /// Processes that die, stall and leave while clients work.
  @Suite(.serialized) struct LossTests {
    @Test(
      "Nothing is lost or done twice when nodes are killed, the leader among them",
      arguments: [3, 5], ["shm", "tcp"])
    func kills(_ count: Int, _ transport: String) async throws {
      try await Cluster.founded(count, over: transport) { cluster in
        let traffic = Traffic(clients: 3, sockets: cluster.sockets)
        try await traffic.goOn()
        for victim in ["n\(count)", "n1"] {
          try cluster.node(victim).signal(SIGKILL)
          #expect(try await cluster.node(victim).ending() == -SIGKILL)
          // Of five, two are lost one after the other.
          try await traffic.goOn()
          try await cluster.agree()
          if count == 3 { try await cluster.join(victim) }
        }
        if count == 5 {
          try await cluster.join("n1")
          try await cluster.join("n5")
        }
        try await traffic.goOn()
        try await cluster.agree()
        try await traffic.finish(at: cluster)
      }
    }

    @Test(
      "A node that was stopped for too long ends itself, and nothing is lost",
      arguments: ["n1", "n3"], ["shm", "tcp"])
    func stalls(_ victim: String, _ transport: String) async throws {
      try await Cluster.founded(3, over: transport) { cluster in
        let traffic = Traffic(clients: 3, sockets: cluster.sockets)
        try await traffic.goOn()
        let others = cluster.names.filter { $0 != victim }
        let stalled = try cluster.node(victim)
        stalled.signal(SIGSTOP)
        try await cluster.wait(for: others, at: others)
        try await traffic.goOn()
        stalled.signal(SIGCONT)
        #expect(try await stalled.ending() == 75)
        #expect(stalled.words.contains("error: \(victim) is no longer a member: "))
        #expect(stalled.words.contains("start it again to join anew"))
        try await cluster.join(victim)
        try await traffic.goOn()
        try await traffic.finish(at: cluster)
      }
    }

    @Test(
      "Whoever is told to leave leaves, and its clients go on elsewhere",
      arguments: ["shm", "tcp"])
    func leaves(_ transport: String) async throws {
      try await Cluster.founded(5, over: transport) { cluster in
        let traffic = Traffic(clients: 3, sockets: cluster.sockets)
        for leaver in ["n4", "n1", "n2"] {
          try await traffic.goOn()
          let node = try cluster.node(leaver)
          node.signal(SIGTERM)
          #expect(try await node.ending() == 0)
          #expect(node.words.contains("\(leaver): left the cluster\n"))
          try await cluster.agree()
        }
        try await traffic.goOn()
        try await traffic.finish(at: cluster)
      }
    }

    @Test(
      "All nodes are replaced one by one, by leaving and by being killed, and nothing is lost",
      arguments: [
        (3, "shm", SIGTERM), (3, "tcp", SIGKILL), (5, "shm", SIGKILL), (5, "tcp", SIGTERM),
      ])
    func rolls(_ count: Int, _ transport: String, _ signal: Int32) async throws {
      try await Cluster.founded(count, over: transport) { cluster in
        let traffic = Traffic(clients: 3, sockets: cluster.sockets)
        for name in cluster.names {
          try await traffic.goOn()
          let node = try cluster.node(name)
          node.signal(signal)
          #expect(try await node.ending() == (signal == SIGKILL ? -signal : 0))
          try await cluster.join(name)
        }
        try await traffic.goOn()
        try await cluster.agree()
        try await traffic.finish(at: cluster)
      }
    }
  }
}
