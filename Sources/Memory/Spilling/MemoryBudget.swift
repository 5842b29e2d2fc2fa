// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// How much memory a job may hold in this process, and where the rest goes.
@usableFromInline package final class MemoryBudget: Sendable {
  /// Bytes that all of the process may hold.
  package let limit: Int
  /// Nil where everything has to stay in memory.
  package let scratch: ScratchArea?
  /// Bytes of blocks, tables and references.
  private let used = Atomic<Int>(0)

  package init(limit: Int, scratch: ScratchArea?) {
    self.limit = limit
    self.scratch = scratch
  }

  /// Everything stays in memory.
  package static let unlimited = MemoryBudget(limit: .max, scratch: nil)

  @usableFromInline package func take(_ bytes: Int) { used.wrappingAdd(bytes, ordering: .relaxed) }
  @usableFromInline package func giveBack(_ bytes: Int) {
    used.wrappingSubtract(bytes, ordering: .relaxed)
  }

  /// Whether what is not needed at once should go. Half of the limit is left for what is not
  /// counted: values with memory of their own, buffers, pages of scratch that are being read,
  /// stacks, and the executable itself.
  @usableFromInline package var isTight: Bool { isTight(with: 0) }

  /// The same where `bytes` more were held.
  @usableFromInline package func isTight(with bytes: Int) -> Bool {
    scratch != nil && used.load(ordering: .relaxed) + bytes > limit / 2
  }

  /// Bytes of records that are worth sorting and writing out at once.
  @usableFromInline package var spillBytes: Int { max(1 << 16, limit / 64) }
}
