// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Glibc
import Testing

extension ClusterTests {
  /// Nodes that cannot become members: each ends with a code and with words that say why.
  @Suite(.serialized) struct RefusalTests {
    /// Starts a node that joins n1 and fails.
    private func expectRefusal(
      _ cluster: Cluster, as name: String = "n9", _ code: Int32, naming names: String...,
      with more: [String], at location: SourceLocation = #_sourceLocation
    ) async throws {
      let seed = try cluster.address("n1")
      let node = try cluster.start(
        name, socket: cluster.socket("new"),
        ["--listen", "127.0.0.1:0", "--join", seed] + more)
      #expect(try await node.ending() == code, "\(node.words)", sourceLocation: location)
      for word in names {
        #expect(
          node.words.contains(word), "\"\(word)\" is missing in: \(node.words)",
          sourceLocation: location)
      }
      // Whoever is turned away asks again and again: that is told once.
      #expect(
        node.words.split(separator: "\n").count < 12, "\(node.words)", sourceLocation: location)
      #expect(!FileManager.default.fileExists(atPath: cluster.socket("new")))
    }

    @Test("A node that does not fit the cluster is turned away, and told why")
    func misfits() async throws {
      try await Cluster.with { cluster in
        try await cluster.join("n1")
        try await expectRefusal(
          cluster, as: "n1", 77, naming: "error: n1 may not join",
          "the name n1 is taken by the node at",
          "--name", with: [])
        try await expectRefusal(
          cluster, 77, naming: "error: n9 may not join", "belongs to cluster default",
          "to cluster other", with: ["--cluster", "other"])
        try await expectRefusal(
          cluster, 77, naming: "error: n9 may not join", "laid out with",
          "give it the same settings",
          with: ["--set", "layout.shards=3"])
        // The one that runs is as it was, and its log is no longer than before.
        try await cluster.agree()
        #expect(try cluster.node("n1").words.split(separator: "\n").count < 20)
      }
    }

    @Test("A node without the cluster's key is turned away, and told why")
    func keys() async throws {
      try await Cluster.with { cluster in
        for name in ["right", "wrong"] { try Self.writeKey(cluster.path(name)) }
        let (right, wrong) = (cluster.path("right"), cluster.path("wrong"))
        try await cluster.join("n1", more: ["--key-file", right])
        try await expectRefusal(
          cluster, 77, naming: "error: n9 may not join", "cluster key", with: ["--key-file", wrong])
        try await expectRefusal(
          cluster, 77, naming: "error: n9 may not join", "cluster key", "the same key file",
          with: [])
        try await cluster.join("n2", more: ["--key-file", right])
        try await cluster.agree()
      }
      try await Cluster.with { cluster in
        try Self.writeKey(cluster.path("key"))
        try await cluster.join("n1")
        try await expectRefusal(
          cluster, 77, naming: "error: n9 may not join", "cluster key", "the same key file",
          with: ["--key-file", cluster.path("key")])
      }
    }

    private static func writeKey(_ path: String) throws {
      let bytes = Data((0..<32).map { _ in UInt8.random(in: 0...255) })
      guard
        FileManager.default.createFile(
          atPath: path, contents: bytes, attributes: [.posixPermissions: 0o600])
      else { throw Waiting.Failure("cannot write \(path)") }
    }

    @Test("A node that nobody answers gives up, and says whom it asked")
    func nobody() async throws {
      try await Cluster.with { cluster in
        // Taken and not served: nobody answers there, and nobody else gets it.
        let port = try TakenPort()
        defer { port.close() }
        let node = try cluster.start(
          "n9",
          [
            "--listen", "127.0.0.1:0", "--join", "127.0.0.1:\(port.number)", "--set",
            "membership.join-timeout=500ms",
          ])
        #expect(try await node.ending() == 69)
        let line = "n9 did not join in time: nobody answers at 127.0.0.1:\(port.number)"
        #expect(node.words.contains(line), "\(node.words)")
      }
    }

    @Test("A node does not take the place of one that runs")
    func places() async throws {
      try await Cluster.with { cluster in
        try await cluster.join("n1")
        let address = try cluster.address("n1")
        let second = try cluster.start("n2", ["--listen", address])
        #expect(try await second.ending() == 69)
        #expect(second.words.contains("error: \(address), the address of this node, is in use"))
        let third = try cluster.start(
          "n3", socket: cluster.socket("n1"), ["--listen", "127.0.0.1:0"])
        #expect(try await third.ending() == 69)
        let path = cluster.socket("n1")
        #expect(third.words.contains("error: another node listens at \(path)"))
        try await cluster.wait(for: ["n1"], at: ["n1"])
        // Of one that was killed, it does.
        try cluster.node("n1").signal(SIGKILL)
        #expect(try await cluster.node("n1").ending() == -SIGKILL)
        try await cluster.join("n1")
      }
    }

    @Test("Settings that are wrong are told before anything is done")
    func settings() async throws {
      let open = try await CommandRun.mapred(["node", "--name", "n1", "--listen", "10.0.0.1:0"])
      open.expectFailure(
        78, naming: "error: --listen: node.listen is 10.0.0.1:0", "the cluster has no key",
        "cluster.key-file")
      let unknown = try await CommandRun.mapred(["node", "--set", "membership.hartbeat=1s"])
      unknown.expectFailure(
        78, naming: "error: --set membership.hartbeat", "is no setting",
        "did you mean membership.heartbeat?")
      let hasty = try await CommandRun.mapred(["node", "--set", "membership.suspect-after=100ms"])
      hasty.expectFailure(78, naming: "membership.suspect-after", "membership.heartbeat")
    }

    @Test("Who asks where no node listens is told so")
    func absent() async throws {
      for verb in [["members"], ["inspect", "view"], ["catalogue", "get", "a"]] {
        let run = try await CommandRun.mapred(verb + ["--socket", "/tmp/mapred-no-such.sock"])
        run.expectFailure(69, naming: "error: no node listens at /tmp/mapred-no-such.sock")
      }
    }

    @Test("A node that cannot leave for want of a majority ends at the second signal")
    func secondSignal() async throws {
      try await Cluster.founded(2, over: "shm") { cluster in
        try cluster.node("n1").signal(SIGKILL)
        let node = try cluster.node("n2")
        try await Waiting.until("n2 misses n1") { node.status?.waits }
        let asked = try await CommandRun.mapred(
          ["catalogue", "set", "a", "1", "--socket", node.socket])
        asked.expectFailure(69, naming: "hears 1 of 2 members and needs 2", "waits for n1")
        node.signal(SIGTERM)
        // It has heard the first one when it says that it leaves.
        try await Waiting.until("n2 leaves") {
          node.words.contains("n2: leaves the cluster") ? () : nil
        }
        #expect(node.isRunning)
        node.signal(SIGINT)
        #expect(try await node.ending() == 130)
      }
    }
  }
}
