// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// The records of earlier jobs that a plan reads: in memory, or in scratch.
struct EarlierRecords {
  private struct Entry {
    let name: String
    var runs: [Run]
    /// The last stage that reads it.
    var lastReader: Int
  }

  private var entries: [Entry] = []
  /// Whether all records are there, or only those that a preview reads.
  private(set) var isWhole = true

  /// Reads all that a plan needs. `progress` is called now and then; it throws where the work is
  /// not wanted any more.
  init(
    _ plan: Plan, _ results: EarlierResults, readsBeginnings: Bool, _ pool: BlockPool,
    _ progress: () throws -> Void
  ) throws {
    for (id, input, reader) in plan.description.resultInputs {
      let (found, _) = try results.locating(reader) { try results.find(input) }
      if let place = entries.firstIndex(where: { $0.name == input.name }) {
        entries[place].lastReader = id.stage.index
        continue
      }
      let runs =
        switch found {
        case .given(let result): result.runs
        case .saved(let saved): try read(saved, readsBeginnings, pool, progress)
        }
      entries.append(Entry(name: input.name, runs: runs, lastReader: id.stage.index))
    }
  }

  /// The runs of a saved result, as the job that made it had them: whoever reads them meets values
  /// in the same order as on a cluster.
  private mutating func read(
    _ saved: SavedResult, _ readsBeginnings: Bool, _ pool: BlockPool, _ progress: () throws -> Void
  ) throws -> [Run] {
    let writer = PartitionWriter(partitions: Limits.partitions, pool: pool)
    var spread = RunSpread.Cursor(saved.spread)
    var records = 0
    var bytes = 0
    try saved.forEach(.all) { key, value in
      if readsBeginnings, bytes >= Limits.splitBytesMinimum {
        isWhole = false
        return false
      }
      if records & 0xFFF == 0 {
        try progress()
        try pool.budget.check()
      }
      writer.append(key: key, value: value, partition: spread.next(key))
      records += 1
      bytes += key.count + value.count
      return true
    }
    try pool.budget.check()
    return writer.takeBlocks().map { Run(sequential: $0) }
  }

  func source(of input: ResultInput) -> SplitSource {
    let runs = entries.first { $0.name == input.name }?.runs ?? []
    return SplitSource(Splits.slices(of: runs), totalBytes: runs.reduce(0) { $0 + $1.bytes })
  }

  /// Frees what no later stage reads.
  mutating func free(after stage: Int) { entries.removeAll { $0.lastReader <= stage } }
}
