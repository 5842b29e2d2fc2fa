// SPDX-License-Identifier: Apache-2.0
package import Environment
package import Vocabulary

/// A subgroup: who sends, who receives, and how much may be under way.
package struct SubgroupPlan: Sendable, Hashable {
  package let name: String
  /// In the order of their turns. A sender that is no receiver is *send-only*: it keeps no copy of
  /// what others send and no frontier waits for it.
  package var senders: [Rank]
  package let receivers: RankSet
  /// Messages of one sender that may be sent and not yet delivered everywhere.
  package var window = 1024
  /// The largest message that goes through the sender's ring of small messages (SMC); larger ones
  /// cross in blocks (RDMC).
  package var smallBytes = 16 << 10
  /// Bytes of a sender's ring of small messages; a power of two.
  package var smallRingBytes = 1 << 20
  /// Bytes of a sender's ring of large messages: at least the largest message. 0: none are sent.
  package var blockRingBytes = 0
  /// Bytes of a block, the unit that members pass on to each other.
  package var blockBytes = 1 << 20
  /// Blocks that a member may have pushed to another and not yet seen arrive: enough to keep a link
  /// busy, few enough that what is pushed next does not wait long behind them.
  package var blockWindow = 8
  package var algorithm = BlockAlgorithm.binomial

  package init(name: String, senders: [Rank], receivers: RankSet) {
    self.name = name
    self.senders = senders
    self.receivers = receivers
  }

  package var participants: RankSet { receivers.union(RankSet(senders)) }

  /// The largest message that can be sent.
  package var messageBytes: Int {
    max(smallBytes, min(blockRingBytes, Limits.messageBytes))
  }

  /// Asserts what the cores rely on.
  package func check() {
    precondition(!senders.isEmpty && !receivers.isEmpty, "\(name) has senders and receivers")
    precondition(RankSet(senders).count == senders.count, "\(name) names a sender twice")
    precondition(
      window >= 1 && window <= Limits.window, "\(name): a window of 1 to \(Limits.window) messages")
    precondition(
      smallRingBytes & (smallRingBytes - 1) == 0, "\(name): a ring has a power of two of bytes")
    precondition(
      smallBytes >= 0 && smallBytes + 16 <= smallRingBytes / 4,
      "\(name): a ring holds four messages of the largest size")
    precondition(
      blockRingBytes >= 0 && blockRingBytes % Limits.pageBytes == 0,
      "\(name): a ring of blocks has whole pages")
    precondition(
      blockBytes >= Limits.blockAlignment && blockBytes % Limits.blockAlignment == 0,
      "\(name): a block has whole lines")
    precondition(blockWindow >= 1, "\(name): a block may be under way")
  }

  /// What all members must agree on besides where things are, as text.
  var rules: String {
    "\(name) \(senders.map(\.index)) \(receivers) \(window) \(smallBytes) \(smallRingBytes) "
      + "\(blockRingBytes) \(blockBytes) \(blockWindow) \(algorithm.rawValue)"
  }

  /// The groups in which a sender's blocks are passed on. Each begins with the sender, as the root;
  /// then come receivers in the order of ranks from it on, around the circle.
  ///
  /// Whoever shares memory with the sender sees its blocks in place, and is in none. The others are
  /// in one each, and no two of one host in the same: a block that is passed on becomes visible
  /// behind the pusher's counter only where the two share no memory. So there are as many groups as
  /// the fullest other host has receivers; none, where the sender's host has all of them.
  package func blockGroups(of sender: Rank, on hosts: Hosts) -> [[Rank]] {
    let others = receivers.subtracting(hosts.sharing(with: sender))
    var groups: [[Rank]] = []
    for receiver in others.filter({ $0 > sender }) + others.filter({ $0 < sender }) {
      let isFree: ([Rank]) -> Bool = { $0.allSatisfy { !hosts.areTogether($0, receiver) } }
      if let place = groups.firstIndex(where: isFree) {
        groups[place].append(receiver)
      } else {
        groups.append([sender, receiver])
      }
    }
    return groups
  }
}
