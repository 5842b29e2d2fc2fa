// SPDX-License-Identifier: Apache-2.0
package import Membership
package import Replication
package import Vocabulary

/// Holds what nodes applied against each other: one order, the same everywhere, without a gap; one
/// view of each number; equal states at equal versions. It knows nothing of how that comes about.
package struct AgreementChecker {
  /// What stands at one place of a role's history.
  package struct Applied: Hashable, Sendable {
    package let version: Version
    package let sender: NodeID
    package let bytes: [UInt8]

    package init(version: Version, sender: NodeID, bytes: [UInt8]) {
      self.version = version
      self.sender = sender
      self.bytes = bytes
    }
  }

  private struct History {
    var log: [Applied] = []
    /// By node: the place in `log` behind what it applied last; nil before its first.
    var places: [NodeID: Int] = [:]
    var digests: [Version: [UInt8]] = [:]
  }

  private var histories: [Role: History] = [:]
  private var views: [UInt64: View] = [:]
  package private(set) var violations: [String] = []

  package init() {}

  package func log(_ role: Role) -> [Applied] { histories[role]?.log ?? [] }

  /// Whether a node had not the role in some view between what it applied last and now.
  private func wasAway(
    _ role: Role, _ last: Version, _ next: Version, _ node: NodeID
  ) -> Bool {
    guard last.view < next.view else { return false }
    return (last.view + 1...next.view).contains { number in
      guard let view = views[number], let rank = view.rank(of: node) else { return false }
      return !view.subgroups.contains { $0.role == role && $0.receivers.contains(rank) }
    }
  }

  /// A node applied something.
  package mutating func apply(
    _ role: Role, _ version: Version, sender: NodeID, _ bytes: [UInt8], at node: NodeID
  ) {
    let applied = Applied(version: version, sender: sender, bytes: bytes)
    // Taken out, so that it is not copied when it grows.
    var history = histories.removeValue(forKey: role) ?? History()
    defer { histories[role] = history }
    let place: Int
    if let last = history.places[node], !wasAway(role, history.log[last - 1].version, version, node)
    {
      place = last
    } else {
      // A node that joins begins where the state that it was given ends.
      place = history.log.firstIndex { $0.version >= version } ?? history.log.count
    }
    history.places[node] = place + 1
    if place == history.log.count {
      if let last = history.log.last, last.version >= version {
        fail("\(role): node \(node) applied \(version) after \(last.version)")
      }
      history.log.append(applied)
    } else if history.log[place] != applied {
      fail(
        "\(role): node \(node) applied \(version) of node \(sender), others at that place "
          + "\(history.log[place].version) of node \(history.log[place].sender)")
    }
  }

  /// A role's state began anew: what was before is lost, and nobody goes on from it.
  package mutating func rebear(_ role: Role) { histories[role] = nil }

  /// A node is in a view.
  package mutating func enter(_ view: View) {
    if let known = views[view.number], known != view {
      fail(
        "two views \(view.number): {\(known.names(known.ranks))} and "
          + "{\(view.names(view.ranks))}")
    }
    views[view.number] = view
    if view.number > newest?.number ?? 0 { newest = view }
  }

  /// The digest of a replica at a version.
  package mutating func check(_ role: Role, _ version: Version, digest: [UInt8], at node: NodeID) {
    let known = histories[role]?.digests[version]
    if let known, known != digest {
      fail("\(role): node \(node) has another state at \(version) than the others")
    }
    histories[role, default: History()].digests[version] = digest
  }

  /// The view with the highest number.
  package private(set) var newest: View?

  package mutating func fail(_ text: String) {
    if violations.count < 10 { violations.append(text) }
  }
}
