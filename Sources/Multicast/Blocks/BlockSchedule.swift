// SPDX-License-Identifier: Apache-2.0

/// Who sends which block of a large message to whom in which step: a pure function of algorithm,
/// members and blocks, so that all members agree on it without a word.
///
/// Member 0 is the root, which has all blocks; every other member gets each block exactly once. In
/// a step a member sends at most one block, which it held before, and receives at most one. Making
/// a schedule costs nothing: what a member does is computed where it is asked for.
struct BlockSchedule: Sendable, Hashable {
  let algorithm: BlockAlgorithm
  let members: Int
  let blocks: Int

  init(algorithm: BlockAlgorithm, members: Int, blocks: Int) {
    precondition(members >= 1, "a group has a root")
    precondition(blocks >= 1, "a message has a block")
    self.algorithm = algorithm
    self.members = members
    self.blocks = blocks
  }

  /// Steps until every member has every block.
  var steps: Int {
    if members == 1 { return 0 }
    return switch algorithm {
    case .binomial: blocks + stages - 1
    case .chain: blocks + members - 2
    case .sequential: blocks * (members - 1)
    case .tree: blocks * stages
    }
  }

  /// Doublings from one member to all: ⌈log2 members⌉.
  private var stages: Int { Int.bitWidth - (members - 1).leadingZeroBitCount }

  /// The steps in which `member` may have something to do; in all others it has not.
  func steps(of member: Int) -> Range<Int> {
    // The others walk through about as many steps as they have transfers.
    guard algorithm == .sequential, member > 0 else { return 0..<steps }
    return (member - 1) * blocks..<member * blocks
  }

  /// What `member` sends in a step, and to whom; nil where it sends nothing. O(1).
  func transfer(_ step: Int, from member: Int) -> (target: Int, block: Int)? {
    check(step, member)
    switch algorithm {
    case .binomial where isPipelined:
      return BinomialPipeline(members: members, blocks: blocks).transfer(step, from: member)
    case .binomial, .tree:
      return treeTransfer(step, from: member)
    case .chain:
      let block = step - member
      return member < members - 1 && (0..<blocks).contains(block) ? (member + 1, block) : nil
    case .sequential:
      return member == 0 ? (1 + step / blocks, step % blocks) : nil
    }
  }

  /// What `member` receives in a step, and from whom; nil where it receives nothing. O(1).
  func incoming(_ step: Int, to member: Int) -> (source: Int, block: Int)? {
    check(step, member)
    switch algorithm {
    case .binomial where isPipelined:
      return BinomialPipeline(members: members, blocks: blocks).incoming(step, to: member)
    case .binomial, .tree:
      return treeIncoming(step, to: member)
    case .chain:
      let block = step - member + 1
      return member > 0 && (0..<blocks).contains(block) ? (member - 1, block) : nil
    case .sequential:
      return member == 1 + step / blocks ? (0, step % blocks) : nil
    }
  }

  private func check(_ step: Int, _ member: Int) {
    precondition(step >= 0 && step < steps, "a message of \(blocks) blocks takes \(steps) steps")
    precondition(member >= 0 && member < members, "a group of \(members) has no member \(member)")
  }

  /// A single block goes along a binomial tree instead.
  private var isPipelined: Bool { blocks > 1 }

  /// In each stage every member that has the message sends it to one that has not: to the member
  /// whose number has one more bit, at the top.
  private func treeTransfer(_ step: Int, from member: Int) -> (target: Int, block: Int)? {
    let reach = 1 << (step / blocks)
    guard member < reach, member + reach < members else { return nil }
    return (member + reach, step % blocks)
  }

  private func treeIncoming(_ step: Int, to member: Int) -> (source: Int, block: Int)? {
    let reach = 1 << (step / blocks)
    guard member >= reach, member < 2 * reach else { return nil }
    return (member - reach, step % blocks)
  }
}
