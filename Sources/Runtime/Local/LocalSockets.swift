// SPDX-License-Identifier: Apache-2.0
import Engine

/// The sockets of this user's nodes on this host, for commands that are told of none.
package struct LocalSockets: Sendable {
  package let base: String

  package init(base: String = PrivateDirectory.ofSockets) { self.base = base }

  /// How long a node may take to say that it is a member.
  private static let patienceMilliseconds = 1000

  /// Those of the cluster that `up` started, then those that stand there by themselves, each in the
  /// order of their names.
  package var paths: [String] {
    let places = [StandingCluster(base: base).directory, base]
    return places.flatMap { place in
      (PrivateDirectory.names(in: place) ?? []).filter { $0.hasSuffix(".sock") }
        .map { "\(place)/\($0)" }
    }
  }

  /// The first whose node answers and is a member of a cluster; nil where there is none.
  package var answering: String? { paths.first(where: Self.isMember) }

  /// Whether the node at this path is a member of a cluster.
  package static func isMember(_ path: String) -> Bool {
    guard let client = try? NodeClient(path),
      let status = try? client.status(milliseconds: patienceMilliseconds)
    else { return false }
    return status.view > 0
  }
}
