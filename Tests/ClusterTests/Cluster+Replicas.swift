// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Testing

extension Cluster {
  /// Checks, as people would, that all nodes show the same: `inspect view` the same version at all
  /// that hold the state, `catalogue list` the same lines.
  func expectEqualReplicas() async throws {
    var lists: Set<String> = []
    for socket in sockets {
      let list = try await CommandRun.mapred(["catalogue", "list", "--socket", socket])
      #expect(list.code == 0, "\(list.words)")
      lists.insert(list.output)
    }
    #expect(lists.count == 1 && lists.first?.isEmpty == false)
    // Whoever is a moment behind catches up: nobody asks for anything now.
    try await Waiting.until("replicas have equal versions") {
      let versions = running.flatMap { node in
        node.status?.held.map { $0.version ?? "not here" } ?? ["no answer"]
      }
      return Set(versions).count == 1 ? () : nil
    }
    var shown: Set<String> = []
    for socket in sockets {
      let view = try await CommandRun.mapred(["inspect", "view", "--json", "--socket", socket])
      shown.formUnion(try Self.versions(view.output))
    }
    #expect(shown.count == 1)
  }

  private static func versions(_ document: String) throws -> [String] {
    let object = try JSONSerialization.jsonObject(with: Data(document.utf8)) as? [String: Any]
    let holds = try #require(object?["holds"] as? [[String: Any]])
    return try holds.map { try #require($0["version"] as? String) }
  }
}
