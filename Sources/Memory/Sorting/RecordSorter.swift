// SPDX-License-Identifier: Apache-2.0

/// Gathers records and brings them into key order; those with equal keys stay in the order in which
/// they came.
///
/// While memory is plenty, records stay where they are. Where it is not, what has come is sorted
/// and written out, and in the end what was written is merged: each record is copied twice more.
@usableFromInline package final class RecordSorter {
  private let pool: BlockPool
  private var budget: MemoryBudget { pool.budget }
  private var blocks: [Block] = []
  private var bytes = 0
  /// What was sorted and written out.
  private var spilled: [PlacedRecords] = []

  @usableFromInline package init(_ pool: BlockPool) { self.pool = pool }

  @usableFromInline package func add(_ block: Block) {
    blocks.append(block)
    bytes += block.count
    // What lies in the file already is not counted, and must not be sorted all at once.
    let isShort = !spilled.isEmpty || block.isInFile || budget.isTight
    if isShort, bytes >= budget.spillBytes { spill() }
  }

  /// Sorts what is held and writes it out.
  private func spill() {
    let order = RecordOrder(blocks)
    order.sort()
    let writer = PartitionWriter(partitions: 1, pool: pool)
    for index in 0..<order.count {
      let frame = order.frame(index)
      writer.append(key: frame.key, value: frame.value, partition: 0)
    }
    for block in blocks { block.letGo() }
    spilled.append(PlacedRecords(writer.takeBlocks()[0]))
    blocks = []
    bytes = 0
  }

  /// All records in key order.
  @usableFromInline package func finish() -> OrderedRecords {
    let records = blocks.reduce(0) { $0 + $1.records }
    if spilled.isEmpty, !budget.isTight(with: 2 * RecordOrder.bytes(of: records)) {
      let order = RecordOrder(blocks, budget: budget)
      order.sort()
      return .referenced(order)
    }
    if !blocks.isEmpty { spill() }
    if spilled.count <= 1 { return .placed(spilled.first ?? PlacedRecords([])) }
    let writer = PartitionWriter(partitions: 1, pool: pool)
    let merge = Merge(spilled.map { .placed($0) })
    while let frame = merge.next() {
      writer.append(key: frame.key, value: frame.value, partition: 0)
    }
    spilled = []
    return .placed(PlacedRecords(writer.takeBlocks()[0]))
  }

  /// Records that came in key order, as they are.
  @usableFromInline package static func ordered(
    _ blocks: [Block], _ pool: BlockPool
  ) -> OrderedRecords {
    let records = blocks.reduce(0) { $0 + $1.records }
    // References would bring what lies in the file back into memory, all of it.
    let isShort =
      blocks.contains(where: \.isInFile)
      || pool.budget.isTight(with: RecordOrder.bytes(of: records))
    return isShort
      ? .placed(PlacedRecords(blocks)) : .referenced(RecordOrder(blocks, budget: pool.budget))
  }
}
