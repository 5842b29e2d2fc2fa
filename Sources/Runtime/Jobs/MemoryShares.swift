// SPDX-License-Identifier: Apache-2.0

/// How a node divides its memory. All numbers are bytes.
///
/// One half is for blocks and results, less what the node needs for itself: the rings of its groups
/// take 5 MiB for each of its subgroups. The other half is for executors. What an executor counts
/// is half of its share; of the rest, its area takes a quarter of the share at most.
struct MemoryShares: Hashable {
  /// Of blocks and results, in memory.
  let arena: Int
  /// What each executor's folds are held to.
  let executor: Int
  /// Through which an executor's blocks leave.
  let area: Int

  private static let ownBytes = 32 << 20
  /// Blocks of all partitions that are being written at the same time take 2 MiB, and the largest
  /// record that goes from node to node 2 MiB more.
  private static let areaBytes = 8 << 20...64 << 20
  /// With less, pieces that are written out would be too small to be merged.
  private static let executorBytes = 4 << 20

  init(of bytes: Int, slots: Int) {
    arena = bytes / 2 - min(bytes / 4, Self.ownBytes)
    executor = max(Self.executorBytes, bytes / 2 / slots)
    area = min(max(executor / 4, Self.areaBytes.lowerBound), Self.areaBytes.upperBound)
  }
}
