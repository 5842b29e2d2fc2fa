// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Synchronization

/// Blocks of the node's arena that this executor reads, and has to give back.
final class Borrowed: Sendable {
  private final class Loan: BlockOwner {
    private let id: UInt64
    private let borrowed: Borrowed

    init(_ id: UInt64, _ borrowed: Borrowed) {
      self.id = id
      self.borrowed = borrowed
    }

    func takeBack(offset: Int, capacity: Int) { borrowed.ended.withLock { $0.append(id) } }
  }

  private let arena: Segment
  private let ended = Mutex<[UInt64]>([])

  init(_ arena: Segment) { self.arena = arena }

  func block(_ lent: LentBlock) -> Block {
    let block = Block(
      in: arena, offset: lent.offset, capacity: lent.count, owner: Loan(lent.id, self))
    block.seal(count: lent.count, records: lent.records)
    return block
  }

  /// What is not read any more.
  func takeEnded() -> [UInt64] {
    ended.withLock { ids in
      let taken = ids
      ids.removeAll(keepingCapacity: true)
      return taken
    }
  }
}
