// SPDX-License-Identifier: Apache-2.0
public import Memory

/// Takes the pairs that a closure emits: `emit(word, 1)`.
///
/// Pairs are gathered in batches, so that the table behind it finds its slots ahead of use. A view
/// that is emitted as key may be forgotten at once: what does not stand in the chunk that is being
/// worked on is copied.
public struct Emitter<K: Key, V: Record>: ~Copyable {
  @usableFromInline var batch = EmitBatch<V>()
  /// Bytes of the chunk: views into them stay valid until the batch is handed on.
  @usableFromInline var window = Bytes("")
  /// Keys of the batch that had to be encoded or copied.
  @usableFromInline var scratch = RecordWriter()
  @usableFromInline let accept: (inout EmitBatch<V>) throws -> Void
  /// The first error of a batch; emitting cannot throw, so it waits for the end of the chunk.
  @usableFromInline var failure: (any Error)?

  @inlinable init(_ accept: @escaping (inout EmitBatch<V>) throws -> Void) {
    self.accept = accept
  }

  /// Emits one pair.
  @inlinable @inline(__always)
  public mutating func callAsFunction(_ key: K, _ value: V) {
    if K.isView, key.view.isInside(window) {
      batch.append(key.view, value)
    } else {
      let offset = scratch.count
      key.encodeKey(into: &scratch, isLast: true)
      batch.append(keyAt: offset, count: scratch.count &- offset, value)
    }
    if batch.isFull { flush() }
  }

  /// Emits a pair whose key is encoded already, in bytes that stay until the chunk is done.
  @inlinable @inline(__always) mutating func emit(encoded key: Bytes, _ value: V) {
    batch.append(key, value)
    if batch.isFull { flush() }
  }

  @inlinable @inline(never) mutating func flush() {
    if batch.count == 0 { return }
    batch.resolve(in: scratch.buffer)
    if failure == nil {
      do { try accept(&batch) } catch { failure = error }
    }
    batch.removeAll()
    scratch.removeAll()
  }

  /// Passes on what was emitted from a chunk, before the chunk's bytes go away.
  @inlinable mutating func finishChunk() throws {
    flush()
    if let failure {
      self.failure = nil
      throw failure
    }
  }

  /// Forgets what was emitted and not yet passed on.
  @inlinable mutating func drop() {
    batch.removeAll()
    scratch.removeAll()
    failure = nil
  }

  /// Emits what `body` makes of one record: where others than the job take a record that fails,
  /// passed on at once, or not at all.
  @inlinable @inline(__always) mutating func record(
    _ isGuarded: Bool, _ body: (inout Emitter) throws -> Void
  ) throws {
    do { try body(&self) } catch {
      if isGuarded { drop() }
      throw error
    }
    if isGuarded { try finishChunk() }
  }
}

extension Emitter {
  /// Pairs become records of the one partition of a writer.
  @inlinable init(into writer: PartitionWriter) {
    let value = HeapCell(RecordWriter())
    self.init { batch in
      for index in 0..<batch.count {
        value.value.removeAll()
        batch.value(index).encode(into: &value.value)
        writer.append(key: batch.key(index), value: value.value.bytes, partition: 0)
      }
    }
  }
}
