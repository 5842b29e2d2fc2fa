// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Glibc
import Testing

extension ClusterTests {
  /// Hosts whose links are cut while clients work.
  @Suite(
    .serialized, .enabled(if: Hosts.hindrance == nil, "\(Hosts.hindrance ?? "hosts can be made")"))
  struct PartitionTests {
    /// Which way is lost between host 3 and the others.
    enum Cut: String, CaseIterable, CustomTestStringConvertible {
      case both
      /// Host 3 is heard no more, and hears the others.
      case outwards
      /// Host 3 hears nobody, and is heard.
      case inwards

      var testDescription: String { rawValue }
    }

    private func set(_ cut: Cut, _ hosts: Hosts, open isOpen: Bool) throws {
      switch cut {
      case .both: try hosts.setLink(of: 3, up: isOpen)
      case .outwards:
        for other in [1, 2] { try hosts.setWay(from: 3, to: other, open: isOpen) }
      case .inwards:
        for other in [1, 2] { try hosts.setWay(from: other, to: 3, open: isOpen) }
      }
    }

    /// Three nodes, each on a host of its own; the first one leads.
    private func withCluster(
      on hosts: Hosts, order: [Int], _ body: (Cluster) async throws -> Void
    ) async throws {
      try await Cluster.with(Cluster.watchful + ["--transport", "tcp"]) { cluster in
        let key = cluster.path("key")
        let bytes = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
        _ = FileManager.default.createFile(
          atPath: key, contents: bytes, attributes: [.posixPermissions: 0o600])
        for host in order { try await join(host, cluster, hosts) }
        try await cluster.agree()
        try await body(cluster)
      }
    }

    private func join(_ host: Int, _ cluster: Cluster, _ hosts: Hosts) async throws {
      try await cluster.join(
        "n\(host)", prefix: hosts.prefix(host), listen: "\(hosts.address(host)):7071",
        more: ["--key-file", cluster.path("key")])
    }

    @Test(
      "A majority goes on without a host that is cut off; that one ends when the link is back",
      arguments: Cut.allCases, [[1, 2, 3], [3, 1, 2]])
    func cuts(_ cut: Cut, _ order: [Int]) async throws {
      try await Hosts.with(3) { hosts in
        try await withCluster(on: hosts, order: order) { cluster in
          let traffic = Traffic(clients: 3, sockets: cluster.sockets)
          try await traffic.goOn()
          let node = try cluster.node("n3")
          try set(cut, hosts, open: false)
          try await cluster.wait(for: ["n1", "n2"], at: ["n1", "n2"])
          try await traffic.goOn()
          if cut != .outwards { try await expectCutOff(node) }
          try set(cut, hosts, open: true)
          #expect(try await node.ending() == 75, "\(node.words)")
          #expect(node.words.contains("error: n3 is no longer a member: "))
          try await join(3, cluster, hosts)
          try await traffic.goOn()
          try await cluster.agree()
          try await traffic.finish(at: cluster)
        }
      }
    }

    /// Checks what people see at a node that hears nobody.
    private func expectCutOff(_ node: NodeHandle) async throws {
      try await Waiting.until("\(node.name) misses the others") { () throws -> Void? in
        node.status?.waits?.contains("hears 1 of 3 members and needs 2") == true ? () : nil
      }
      let view = try await CommandRun.mapred(["inspect", "view", "--socket", node.socket])
      #expect(view.code == 0)
      #expect(view.output.contains("hears 1 of 3 members and needs 2: waits for n1, n2"))
      for verb in [["set", "a", "1"], ["get", "a"], ["list"]] {
        let run = try await CommandRun.mapred(["catalogue"] + verb + ["--socket", node.socket])
        run.expectFailure(69, naming: "error: nothing can be done now: hears 1 of 3 members")
      }
    }
  }
}
