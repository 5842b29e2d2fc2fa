// SPDX-License-Identifier: Apache-2.0
public import Memory
public import Vocabulary

/// The map side of a combining stage: one bounded table, drained when it is full.
///
/// Where keys hardly repeat, a table only costs. A few keys tell: the table is tried with few, and
/// where nearly all are new, pairs go past it for a while, and then it is tried with twice as many.
/// What is decided depends on the split alone, so that every run decides alike.
@usableFromInline final class CombineMap<Value: Record> {
  @usableFromInline let context: MapContext
  @usableFromInline let table: HeapCell<CombineTable<Value>>
  /// Pairs that came into the table since it was last drained.
  @usableFromInline var pairs = 0
  /// So many keys are taken before the next look at whether they repeat.
  @usableFromInline var nextLook = Limits.combineFirstLook
  /// Pairs that still go past the table; in a cell, because it is looked at for each of them.
  @usableFromInline let bypassing = HeapCell(0)

  @inlinable init(_ context: MapContext) {
    self.context = context
    // It grows as keys come: to go through a large one for each split costs more than few keys do.
    table = HeapCell(CombineTable(seed: context.tableSeed))
  }

  /// Whether the next `count` pairs go past the table; drains it where they might not fit.
  @inlinable @inline(__always) func bypasses(_ count: Int) -> Bool {
    if bypassing.value <= 0, table.value.count &+ Limits.emitBatch > nextLook { look() }
    guard bypassing.value > 0 else {
      pairs &+= count
      return false
    }
    bypassing.value &-= count
    return true
  }

  /// Keys that are drawn evenly from `n` have keys² / 2n repeats among them. With more than two and
  /// a half times as many keys as it holds, the table hardly saves a pair.
  @inlinable @inline(never) func look() {
    let keys = table.value.count
    let areRare = (pairs - keys) * 5 * Limits.combineKeys < keys * keys
    if areRare {
      bypassing.value = Limits.combineBypass * pairs
      nextLook = min(2 * nextLook, Limits.combineKeys)
    } else if keys + Limits.emitBatch <= Limits.combineKeys {
      nextLook = Limits.combineKeys
      return
    }
    drain()
  }

  @inlinable func drain() {
    table.value.drain { key, value in context.write(key, value) }
    pairs = 0
  }

  @inlinable func finishSplit() {
    drain()
    bypassing.value = 0
    nextLook = Limits.combineFirstLook
  }
}

/// The reduce side of a combining stage: one growing table for the partition.
///
/// Where memory is short, the table takes no new keys: pairs of others are written out, by other
/// bits of their hash, and combined when the table is done, a part of the keys at a time. The pairs
/// of a key are combined in the same order either way, so that results are the same to the last
/// bit.
@usableFromInline final class CombineFold<Value: Record> {
  @usableFromInline let table: HeapCell<CombineTable<Value>>
  @usableFromInline let batch = HeapCell(EmitBatch<Value>())
  @usableFromInline let context: FoldContext
  /// Where pairs with new keys go, once the table takes no more.
  @usableFromInline var overflow: PartitionWriter?
  @usableFromInline let depth: Int
  /// Bytes of the table, as they are counted in the budget.
  private var counted = 0
  /// Bytes of values that have memory of their own, as they were when they were last looked at, and
  /// bytes of what was folded since, which may all have stayed.
  private var ownBytes = (measured: 0, since: 0)

  /// Parts into which the keys are divided that a table does not take.
  @usableFromInline static var parts: Int { 8 }
  /// How often they are divided again: then hardly a key is left with another.
  private static var depthMaximum: Int { 8 }

  @inlinable convenience init(_ context: FoldContext) { self.init(context, depth: 0) }

  @usableFromInline init(_ context: FoldContext, depth: Int) {
    self.context = context
    self.depth = depth
    table = HeapCell(CombineTable(seed: context.tableSeed))
  }

  deinit { context.pool.budget.giveBack(counted) }

  /// Decodes the records of a block and hands them over in batches.
  @inlinable @inline(__always)
  func fold(_ block: Block, _ merge: (inout Value, inout Value) throws -> Void) throws {
    if let overflow { return try foldKnown(block, overflow, merge) }
    var cursor = FrameCursor(block)
    while !cursor.isAtEnd {
      while !batch.value.isFull, let frame = cursor.next() {
        var reader = RecordReader(frame.value)
        batch.value.append(frame.key, try Value(from: &reader))
      }
      try table.value.combine(&batch.value, insert: { $0 }, update: merge)
    }
    count(block.count)
  }

  /// The same where the table takes no new keys.
  @inlinable func foldKnown(
    _ block: Block, _ overflow: PartitionWriter,
    _ merge: (inout Value, inout Value) throws -> Void
  ) throws {
    var cursor = FrameCursor(block)
    var encoded = RecordWriter()
    while !cursor.isAtEnd {
      while !batch.value.isFull, let frame = cursor.next() {
        var reader = RecordReader(frame.value)
        batch.value.append(frame.key, try Value(from: &reader))
      }
      try table.value.combineKnown(&batch.value, update: merge) { key, value in
        encoded.removeAll()
        value.encode(into: &encoded)
        overflow.append(key: key, value: encoded.bytes, partition: part(of: key))
      }
    }
    count(block.count)
  }

  /// Counts the table, and closes it to new keys where memory is short. `bytes` were folded.
  @usableFromInline func count(_ bytes: Int) {
    if !_isPOD(Value.self) { ownBytes.since += bytes }
    recount()
    let budget = context.pool.budget
    guard budget.isTight else { return }
    // Each byte is measured once or twice, and only where it may matter.
    if ownBytes.since > ownBytes.measured {
      ownBytes = (measureValues(), 0)
      recount()
    }
    if overflow == nil, counted >= budget.spillBytes, depth < Self.depthMaximum, budget.isTight {
      overflow = PartitionWriter(partitions: Self.parts, pool: context.pool)
    }
  }

  private func recount() {
    let bytes = table.value.byteCount + ownBytes.measured + ownBytes.since
    if bytes != counted { context.pool.budget.take(bytes - counted) }
    counted = bytes
  }

  /// What arrays, texts and the like take is not known: about as much as their encodings.
  private func measureValues() -> Int {
    var bytes = 0
    var encoded = RecordWriter()
    table.value.forEachValue { value in
      encoded.removeAll()
      value.encode(into: &encoded)
      bytes += encoded.bytes.count
    }
    return bytes
  }

  /// Another division at each depth.
  @usableFromInline func part(of key: Bytes) -> Int {
    let seed = context.tableSeed &+ UInt64(depth + 1) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: stableHash(key, seed: seed) >> 32) & (Self.parts - 1)
  }

  /// Writes everything out and sorts it.
  @inlinable func finish(_ merge: (inout Value, inout Value) throws -> Void) throws -> Run {
    let sorter = RecordSorter(context.pool)
    try drain(into: sorter, merge)
    return Run(ordered: sorter.finish())
  }

  @inlinable func drain(
    into sorter: RecordSorter, _ merge: (inout Value, inout Value) throws -> Void
  ) throws {
    let writer = PartitionWriter(partitions: 1, pool: context.pool)
    var value = RecordWriter()
    table.value.drain { key, record in
      value.removeAll()
      record.encode(into: &value)
      writer.append(key: key, value: value.bytes, partition: 0)
    }
    free()
    for block in writer.takeBlocks()[0] { sorter.add(block) }
    guard let parts = takeParts() else { return }
    for blocks in parts {
      let part = CombineFold(context, depth: depth + 1)
      for block in blocks {
        try part.fold(block, merge)
        block.letGo()
        try context.progress()
      }
      try part.drain(into: sorter, merge)
    }
  }

  /// The table is of no use any more.
  @usableFromInline func free() {
    table.value = CombineTable(seed: context.tableSeed)
    context.pool.budget.giveBack(counted)
    counted = 0
    ownBytes = (0, 0)
  }

  @usableFromInline func takeParts() -> [[Block]]? {
    defer { overflow = nil }
    return overflow?.takeBlocks()
  }
}

/// A run of records that were written in key order.
@inlinable func orderedRun(_ blocks: [Block], _ context: FoldContext) -> Run {
  Run(ordered: RecordSorter.ordered(blocks, context.pool))
}

extension Mapper {
  /// Emits the records of an earlier stage into `box`, but for those that go past the table: these
  /// are written as they are.
  @inlinable init<K: Key, V: Record, A: Record>(
    stored box: HeapCell<Emitter<K, V>>, bypassing state: CombineMap<A>,
    finishSplit: @escaping () -> Void
  ) {
    self.init(
      map: { chunk in
        let (bypassing, context) = (state.bypassing, state.context)
        let records = try forEachRecord(chunk) { frame in
          // Pairs pass from the end of a batch on: none waits for its turn before them.
          if bypassing.value > 0 {
            bypassing.value &-= 1
            return context.write(frame.key, encoded: frame.value)
          }
          var reader = RecordReader(frame.value)
          box.value.emit(encoded: frame.key, try V(from: &reader))
        }
        try box.value.finishChunk()
        return records
      }, finishSplit: finishSplit)
  }
}

extension Keyed {
  /// A stage that combines values by key on both sides of the shuffle. `keepsValues`: `insert` does
  /// nothing.
  ///
  /// Both arguments of `update` and `merge` are passed by address, so that no call has to convert
  /// one where the types are known.
  @inlinable @inline(__always) func combining<A: Record>(
    at location: CodeLocation, keepsValues: Bool = false,
    insert: @escaping @Sendable (V) throws -> A,
    update: @escaping @Sendable (inout A, inout V) throws -> Void,
    merge: @escaping @Sendable (inout A, inout A) throws -> Void
  ) -> StageKernel {
    let emitInto = self.emitInto
    // What an earlier stage has left need not be decoded to go past the table.
    let bypassesBytes = keepsValues && isStored
    // Closures of their own that capture nothing but functions: where those are known, the compiler
    // makes one loop of it all, without a call for each pair.
    let combineBatch: @Sendable (HeapCell<CombineTable<A>>, inout EmitBatch<V>) throws -> Void = {
      try $0.value.combine(&$1, insert: insert, update: update)
    }
    let foldBlock: @Sendable (CombineFold<A>, Block) throws -> Void = {
      try $0.fold($1, merge)
    }
    let finishTable: @Sendable (CombineFold<A>) throws -> Run = { try $0.finish(merge) }
    return StageKernel(
      .hash,
      makeMapper: { context in
        let state = CombineMap<A>(context)
        let box = HeapCell(
          Emitter<K, V> { batch in
            if state.bypasses(batch.count) {
              for index in 0..<batch.count {
                let value = try locating(location) { try insert(batch.value(index)) }
                context.write(batch.key(index), value)
              }
              return
            }
            do {
              try combineBatch(state.table, &batch)
            } catch { throw RecordFailure(error, at: location) }
          })
        let finishSplit = { state.finishSplit() }
        return bypassesBytes
          ? Mapper(stored: box, bypassing: state, finishSplit: finishSplit)
          : Mapper(emitting: emitInto, into: box, finishSplit: finishSplit)
      },
      makeFolder: { context in
        let state = CombineFold<A>(context)
        return Folder(
          fold: { block in
            do {
              try foldBlock(state, block)
            } catch { throw RecordFailure(error, at: location) }
          },
          finish: {
            do {
              return try finishTable(state)
            } catch { throw RecordFailure(error, at: location) }
          })
      })
  }
}
