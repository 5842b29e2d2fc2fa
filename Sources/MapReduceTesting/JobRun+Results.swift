// SPDX-License-Identifier: Apache-2.0
import Exchange
public import MapReduce

extension JobRun {
  /// The names of all results, in the order of the plan.
  public var resultNames: [String] { result.outputs.map(\.name) }

  /// The pairs of a result, in its order: `try run.pairs("wordcount", as: (String, Int).self)`.
  ///
  /// Keys and values that the job has as `Bytes` are read as `String` or `[UInt8]`.
  public func pairs<K: Key, V: Record>(
    _ name: String, as _: (K, V).Type
  ) throws -> [(K, V)] {
    let asked = ResultSchema(key: K.typeCode, value: V.typeCode, shape: .pairs, order: .key)
    let found = try result(name)
    guard found.schema.shape == .pairs, K.isReadable(from: found.schema.key),
      V.typeCode.isReadable(from: found.schema.value)
    else { throw found.mismatch(asked.elements) }
    return try found.decoded { key, value in
      (try K.decodeKey(from: &key, isLast: true), try V(from: &value))
    }
  }

  /// The same where the keys are tuples: `as: ((String, Int), Double).self`.
  public func pairs<A: Key, B: Key, each Part: Key, V: Record>(
    _ name: String, as _: ((A, B, repeat each Part), V).Type
  ) throws -> [((A, B, repeat each Part), V)] {
    try pairs(name, as: (Tuple<A, B, repeat each Part>, V).self).map { ($0.parts, $1) }
  }

  /// The keys of a result of pairs, or the elements of one that holds nothing else, in its order.
  public func keys<K: Key>(_ name: String, as _: K.Type) throws -> [K] {
    let found = try result(name)
    guard found.schema.shape != .values, K.isReadable(from: found.schema.key) else {
      throw found.mismatch("\(K.typeCode) keys")
    }
    return try found.decoded { key, _ in try K.decodeKey(from: &key, isLast: true) }
  }

  /// The values of a result of pairs, or the elements of one that has no keys, in its order.
  public func values<V: Record>(_ name: String, as _: V.Type) throws -> [V] {
    try values(of: result(name))
  }

  /// The same for elements that are their own keys, such as lines that were sorted.
  public func values<V: Key & Record>(_ name: String, as _: V.Type) throws -> [V] {
    let found = try result(name)
    return found.schema.shape == .keys
      ? try keys(name, as: V.self) : try values(of: found)
  }

  private func values<V: Record>(of found: StageResult) throws -> [V] {
    guard found.schema.shape != .keys, V.typeCode.isReadable(from: found.schema.value) else {
      throw found.mismatch("\(V.typeCode) values")
    }
    return try found.decoded { _, value in try V(from: &value) }
  }

  /// The dead letters that `onError` has made, in the order of the input. Places are shown with the
  /// names that the test gave to files.
  public func letters(_ name: String) throws -> [DeadLetter] {
    let found = try result(name)
    guard found.schema == DeadLetters.schema else { throw found.mismatch("dead letters") }
    return try found.decoded { key, value in
      DeadLetter(
        place: paths.shortened(try String.decodeKey(from: &key, isLast: true)),
        what: String(try value.counted()), record: Array(try value.counted()))
    }
  }

  private func result(_ name: String) throws -> StageResult {
    if let found = result.outputs.first(where: { $0.name == name }) { return found }
    throw JobError(
      .noInput, "there is no result called \(name)",
      advice: "the job writes \(resultNames.joined(separator: ", "))")
  }
}

extension JobRun {
  /// All totals by the names of their counters.
  public var counters: [String: Int] {
    Dictionary(uniqueKeysWithValues: result.counters.map { ($0.name, $0.value) })
  }

  /// What was counted under a name that the plan declares.
  public func counter(_ name: String) throws -> Int {
    if let value = counters[name] { return value }
    let names = result.counters.map(\.name)
    throw JobError(
      .noInput, "there is no counter called \(name)",
      advice: names.isEmpty
        ? "the job counts nothing" : "the job counts \(names.joined(separator: ", "))")
  }
}
