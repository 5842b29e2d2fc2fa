// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
import Vocabulary

/// The first thing in which two runs of a job came to something else, in words.
package struct RunDifference: Sendable {
  /// `result sums`, `counter bad lines`.
  package let subject: String
  /// `the key 7`, `record 3`; nil where it is a counter.
  package let place: String?
  /// What each run has there; nil where it has nothing.
  package let values: [String?]
  /// The stage that made it; nil where it is a counter.
  package let stage: StageDescription?
}

extension JobResult {
  /// In what another run of the same plan differs from this one; nil: in nothing. O(bytes).
  package func difference(from other: JobResult, _ plan: PlanDescription) -> RunDifference? {
    for (output, (one, another)) in zip(plan.outputs, zip(outputs, other.outputs)) {
      guard let found = one.difference(from: another) else { continue }
      return RunDifference(
        subject: "result \(one.name)", place: found.place, values: found.values,
        stage: plan.stages[output.stage.index])
    }
    for (one, another) in zip(counters, other.counters) where one != another {
      return RunDifference(
        subject: "counter \(one.name)", place: nil, values: ["\(one.value)", "\(another.value)"],
        stage: nil)
    }
    return nil
  }
}

extension StageResult {
  /// Where two results of the same stage differ first. Partitions are told apart by their digests,
  /// and only those that differ are looked at record by record.
  func difference(from other: StageResult) -> (place: String, values: [String?])? {
    let differing = zip(tallies, other.tallies).enumerated().filter { $1.0 != $1.1 }.map(\.offset)
    let found = differing.map { RecordDifference(runs[$0], other.runs[$0], partition: $0) }
    guard let first = schema.isByKey ? found.min(by: RecordDifference.byKey) : found.first else {
      return nil
    }
    return (first.place(schema, isAlone: runs.count == 1), first.values(schema))
  }
}

/// The first record in which two runs of a partition differ.
private struct RecordDifference {
  private struct Encoded {
    let key: [UInt8]
    let value: [UInt8]
  }

  private let partition: Int
  private let record: Int
  /// The record at that place; nil where the run has ended before.
  private let one: Encoded?
  private let other: Encoded?

  /// O(records), and eight bytes for each.
  init(_ one: Run, _ other: Run, partition: Int) {
    self.partition = partition
    var digests: [UInt64] = []
    digests.reserveCapacity(one.records)
    RunSlice(run: one, range: 0..<one.records).forEach { digests.append(Self.digest($0)) }
    var place = 0
    var found: Int?
    RunSlice(run: other, range: 0..<other.records).forEach { frame in
      if found == nil, place >= digests.count || digests[place] != Self.digest(frame) {
        found = place
      }
      place += 1
    }
    record = found ?? other.records
    self.one = Self.record(record, of: one)
    self.other = Self.record(record, of: other)
  }

  private static func digest(_ frame: Frame) -> UInt64 {
    31 &* Checksum.of(frame.key) &+ Checksum.of(frame.value)
  }

  private static func record(_ place: Int, of run: Run) -> Encoded? {
    guard place < run.records else { return nil }
    var found: Encoded?
    RunSlice(run: run, range: place..<(place + 1)).forEach {
      found = Encoded(key: Array($0.key), value: Array($0.value))
    }
    return found
  }

  /// Keys stand in ascending order, so that of two keys the smaller one is the first that only one
  /// of the runs has so.
  private var key: [UInt8] {
    [one, other].compactMap { $0?.key }.min { $0.lexicographicallyPrecedes($1) } ?? []
  }

  static func byKey(_ one: Self, _ other: Self) -> Bool {
    one.key.lexicographicallyPrecedes(other.key)
  }

  func place(_ schema: ResultSchema, isAlone: Bool) -> String {
    if schema.isByKey { return "the key \(Self.text(key, schema.key, isKey: true))" }
    return isAlone ? "record \(record)" : "record \(record) of partition \(partition)"
  }

  func values(_ schema: ResultSchema) -> [String?] {
    let key = key
    return [one, other].map { record in
      guard let record, !schema.isByKey || record.key == key else { return nil }
      return schema.shape == .keys
        ? Self.text(record.key, schema.key, isKey: true)
        : Self.text(record.value, schema.value, isKey: false)
    }
  }

  /// As JSON shows it; bytes that are none of the type are told as such.
  private static func text(_ bytes: [UInt8], _ code: TypeCode, isKey: Bool) -> String {
    var buffer = ByteBuffer(capacity: 64)
    let read: Void? = bytes.withBytes { bytes in
      var reader = ByteReader(bytes)
      return isKey
        ? try? ValueText.appendKey(code, &reader, isLast: true, style: .json, to: &buffer)
        : try? ValueText.appendValue(code, &reader, style: .json, to: &buffer)
    }
    return read == nil ? "(bytes that are no \(code))" : String(buffer.bytes)
  }
}

extension ResultSchema {
  /// Whether its records stand by keys that can be named.
  fileprivate var isByKey: Bool { order == .key && key != .nothing }
}
