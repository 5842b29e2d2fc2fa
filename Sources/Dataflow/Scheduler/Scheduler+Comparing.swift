// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Closures that are not deterministic: the job fails, and its failure says where that shows.
extension Scheduler {
  /// Two replicas made different runs: finds out in which record, before the job fails.
  mutating func compare(
    _ place: Int, _ step: StepID, _ comparison: Comparison, into orders: inout Orders
  ) {
    runs[place].phase = .comparing(step, comparison)
    orders.messages.append(
      .compare(
        step, partition: comparison.partition, comparison.records, comparison.replicas))
  }

  /// A replica has told what it has.
  mutating func compared(
    _ place: Int, _ step: StepID, _ partition: Int, _ excerpt: RunExcerpt, from node: NodeID,
    clock: UInt64, into orders: inout Orders
  ) {
    guard case .comparing(_, var comparison) = runs[place].phase,
      comparison.partition == partition
    else { return }
    let outcome = comparison.take(excerpt, from: node)
    runs[place].phase = .comparing(step, comparison)
    switch outcome {
    case nil: break
    case .records: compare(place, step, comparison, into: &orders)
    case .found(let record, let keys):
      let words = words(place, partition, record, keys)
      disagree(place, "replicas of shard \(words)", clock: clock, into: &orders)
    case .same:
      let shard = view.map.shard(of: partition)
      disagree(place, "replicas of shard \(shard) disagree", clock: clock, into: &orders)
    }
  }

  /// `1 disagree on the key "a"`: keys stand in ascending order, so that of two the smaller one is
  /// the first that only one of them has so.
  private func words(
    _ place: Int, _ partition: Int, _ record: Int, _ keys: [[UInt8]?]
  ) -> String {
    let shard = view.map.shard(of: partition)
    let schema = runs[place].plan?.stages[runs[place].stage].schema
    let first = keys.compactMap { $0 }.min { $0.lexicographicallyPrecedes($1) }
    guard let schema, schema.order == .key, let first, let text = Self.text(first, schema.key)
    else { return "\(shard) disagree on record \(record) of partition \(partition)" }
    return "\(shard) disagree on the key \(text)"
  }

  /// A key as JSON shows it; nil where the bytes are no key of the type.
  private static func text(_ key: [UInt8], _ code: TypeCode) -> String? {
    var buffer = ByteBuffer(capacity: 64)
    let read: Void? = key.withBytes { bytes in
      var reader = ByteReader(bytes)
      return try? ValueText.appendKey(code, &reader, isLast: true, style: .json, to: &buffer)
    }
    return read.map { String(decoding: Array(buffer.bytes), as: UTF8.self) }
  }

  mutating func disagree(
    _ place: Int, _ what: String, clock: UInt64, into orders: inout Orders
  ) {
    let stage = runs[place].plan?.stages[runs[place].stage]
    let failure = JobFailure(
      exitCode: 1, code: "failed",
      message: "\(what): a closure is not deterministic", location: stage?.name,
      advice: "look for a clock, a random number or the order of a dictionary or set in it")
    fail(place, failure, clock: clock, into: &orders)
  }
}
