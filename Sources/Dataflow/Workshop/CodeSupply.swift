// SPDX-License-Identifier: Apache-2.0
import Exchange
import Vocabulary

/// Brings executables to nodes that lack them. Who lacks one asks all; all answer, in an order that
/// all see; the first of those who have it spreads it.
struct CodeSupply: Sendable {
  private struct Round: Sendable {
    let code: CodeDigest
    var answers: [(node: NodeID, isThere: Bool)] = []
  }

  enum Outcome: Sendable {
    case open
    /// This node spreads it.
    case spread
    /// Somebody else does.
    case comes
    /// Nobody has it.
    case lost
  }

  private var rounds: [Round] = []

  /// Whether it was asked for in this view, and not everybody has answered.
  func isOpen(_ code: CodeDigest) -> Bool { rounds.contains { $0.code == code } }

  mutating func ask(_ code: CodeDigest) {
    if !isOpen(code) { rounds.append(Round(code: code)) }
  }

  mutating func take(
    _ code: CodeDigest, _ isThere: Bool, from sender: NodeID, _ view: ClusterView, at node: NodeID
  ) -> Outcome {
    guard let place = rounds.firstIndex(where: { $0.code == code }),
      !rounds[place].answers.contains(where: { $0.node == sender })
    else { return .open }
    rounds[place].answers.append((sender, isThere))
    guard rounds[place].answers.count == view.members.count else { return .open }
    let answers = rounds.remove(at: place).answers
    let giver = view.members.first { member in
      answers.contains { $0.node == member && $0.isThere }
    }
    guard let giver else { return .lost }
    return giver == node ? .spread : .comes
  }
}
