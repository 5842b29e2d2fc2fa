// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Foundation
import Replication
import Runtime
import Testing

extension ClusterTests {
  /// Clients that send what they may not, too much, or half of it: others notice nothing.
  @Suite(.serialized) struct RudeClientTests {
    private static let small = ["--set", "service.queue=8"]

    /// Checks that a node works as before.
    private func expectService(_ cluster: Cluster, _ value: String) throws {
      let client = try NodeClient(cluster.socket("n1"))
      let change = try client.change(
        .set(name: "a", value: Array(value.utf8), expected: nil), milliseconds: 10_000)
      guard case .changed = change else { throw Waiting.Failure("\(change)") }
      let found = try client.ask(.get(name: "a"), milliseconds: 10_000)
      guard case .entry(let entry?) = found else { throw Waiting.Failure("\(found)") }
      #expect(entry.value == Array(value.utf8))
    }

    @Test("Whoever sends what is no request is told so, by the number it gave")
    func malformed() async throws {
      try await Cluster.with { cluster in
        try await cluster.join("n1")
        let client = try RawSocket(cluster.socket("n1"))
        // Shorter than a number.
        try client.send([3, 0, 0, 0, 1, 2, 3])
        guard let short = try client.answer() else { throw Waiting.Failure("no answer") }
        #expect(short.number == 0)
        guard case .malformed = short.reply else { throw Waiting.Failure("\(short)") }
        // No request, no submission, no command, no question; each with its own number.
        let bodies: [[UInt8]] = [[], [99], [3, 3], [1], [1, 77], [1, 1, 2, 3], [2, 200]]
        for (number, body) in bodies.enumerated() {
          try client.send(RawSocket.frame(UInt64(number) + 1, body))
          guard let answer = try client.answer() else { throw Waiting.Failure("no answer") }
          #expect(answer.number == UInt64(number) + 1)
          switch answer.reply {
          case .malformed(let text): #expect(text.contains(" no "))
          case .outcome(.refused(let text)): #expect(text.contains(" no "))
          default: Issue.record("\(body) was answered \(answer.reply)")
          }
        }
        try client.send(RawSocket.frame(1000, Request.status.encoded))
        guard case .status? = try client.answer()?.reply else {
          throw Waiting.Failure("no status behind what was no request")
        }
        try expectService(cluster, "after malformed requests")
      }
    }

    @Test("Whoever announces more than a request may have is cut off")
    func oversized() async throws {
      try await Cluster.with { cluster in
        try await cluster.join("n1")
        let client = try RawSocket(cluster.socket("n1"))
        try client.send([255, 255, 255, 255, 0, 0])
        #expect(try client.answer() == nil)
        try expectService(cluster, "after an oversized request")
      }
    }

    @Test("The largest value is taken, and one byte more is refused with words")
    func largest() async throws {
      try await Cluster.founded(2, over: "tcp") { cluster in
        for name in cluster.names {
          let client = try NodeClient(cluster.socket(name))
          var value = [UInt8](repeating: 7, count: Catalogue.valueBytes)
          let set = try client.change(
            .set(name: name, value: value, expected: nil), milliseconds: 20_000)
          guard case .changed = set else { throw Waiting.Failure("\(set)") }
          value.append(7)
          do throws(NodeClient.Failure) {
            _ = try client.change(
              .set(name: name, value: value, expected: nil), milliseconds: 20_000)
            Issue.record("a value of \(value.count) bytes was taken")
          } catch {
            guard case .refused(let text) = error else { throw error }
            #expect(text.contains("1048577 bytes, more than 1048576"), "\(text)")
          }
          let found = try client.ask(.get(name: name), milliseconds: 20_000)
          guard case .entry(let entry?) = found else { throw Waiting.Failure("no \(name)") }
          #expect(entry.value == value.dropLast())
        }
      }
    }

    @Test("Whoever floods a node is told that it is busy, and each request is answered once")
    func flood() async throws {
      try await Cluster.with(Cluster.watchful + Self.small) { cluster in
        try await cluster.join("n1")
        let client = try RawSocket(cluster.socket("n1"))
        let count: UInt64 = 3000
        // A question for nothing: small, and it goes through the total order.
        let question = Request.submit([2, 1, 1, 97]).encoded
        try client.send((1...count).flatMap { RawSocket.frame($0, question) })
        var seen: Set<UInt64> = []
        var busy = 0
        var done = 0
        for _ in 1...count {
          guard let answer = try client.answer() else { throw Waiting.Failure("no answer") }
          #expect(seen.insert(answer.number).inserted)
          switch answer.reply {
          case .busy(let text):
            busy += 1
            #expect(text.contains("send fewer at a time"))
          case .outcome: done += 1
          default: Issue.record("\(answer)")
          }
        }
        #expect(busy > 0 && done > 0)
        try expectService(cluster, "after a flood")
      }
    }

    @Test(
      "Clients that vanish in the middle of a request, or before its answer, leave nothing behind")
    func vanishing() async throws {
      try await Cluster.founded(3, over: "shm") { cluster in
        let question = Request.submit([2, 1, 1, 97]).encoded
        for turn in 0..<50 {
          let client = try RawSocket(cluster.socket("n\(turn % 3 + 1)"))
          let frame = RawSocket.frame(UInt64(turn), question)
          try client.send(frame + frame + frame.prefix(turn % frame.count))
          client.close()
        }
        try expectService(cluster, "after clients that vanished")
        // Nothing waits for them.
        for node in cluster.running {
          try await Waiting.until("\(node.name) has nothing under way") {
            let held = node.status?.held ?? []
            return held.allSatisfy { $0.waiting == 0 && $0.underWay == 0 } ? () : nil
          }
          let descriptors = "/proc/\(node.identifier)/fd"
          try await Waiting.until("\(node.name) has closed their connections") {
            let count = try FileManager.default.contentsOfDirectory(atPath: descriptors).count
            return count < 40 ? () : nil
          }
        }
        try await cluster.expectEqualReplicas()
      }
    }
  }
}
