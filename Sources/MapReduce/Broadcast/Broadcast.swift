// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory
public import Vocabulary

/// A small dataset that is at hand, whole, wherever elements of another are worked on: what
/// `broadcast()` gives and `map(with:)` takes.
///
/// It is made before the stage that reads it begins, goes to every node once, and is decoded once
/// in each process: memory O(its elements) there.
public struct Broadcast<Value: Sendable>: Sendable {
  @usableFromInline let token: BroadcastToken
  /// Makes the value of the records of a stage.
  @usableFromInline let make: @Sendable ([Chunk]) throws -> Value

  @inlinable init(
    of pipeline: Pipeline, _ make: @escaping @Sendable ([Chunk]) throws -> Value
  ) {
    token = pipeline.broadcast
    self.make = make
  }
}

/// Which broadcast it is: one for each call, whatever types it has.
@usableFromInline final class BroadcastToken: Sendable {
  /// Whose records it is made of.
  let stage: StageSpec

  init(_ stage: StageSpec) { self.stage = stage }
}

extension Pipeline {
  /// The records of the stage that it ends with.
  @usableFromInline var broadcast: BroadcastToken {
    guard let result else { preconditionFailure("a broadcast is made of a stage's records") }
    return BroadcastToken(result)
  }
}

extension Dataset where T: Record {
  /// All elements, in their order, for `map(with:)`.
  @inlinable public func broadcast(
    fileID: String = #fileID, line: Int = #line
  ) -> Broadcast<[T]> {
    let standing = standing("broadcast", CodeLocation(fileID: fileID, line: line))
    let feed = standing.feed
    return Broadcast(of: standing.pipeline) { chunks in
      var elements: [T] = []
      for chunk in chunks {
        _ = try feed(chunk) { batch in try batch.forEach(at: nil) { elements.append($0) } }
      }
      return elements
    }
  }
}

extension Keyed {
  /// All values by their key, for `map(with:)`.
  @inlinable public func broadcast(
    fileID: String = #fileID, line: Int = #line
  ) -> Broadcast<Lookup<K, V>> {
    let standing = standing("broadcast", CodeLocation(fileID: fileID, line: line))
    let feed = standing.feed
    return Broadcast(of: standing.pipeline) { chunks in
      var pairs = LookupBuilder<K, V>()
      for chunk in chunks {
        _ = try feed(chunk) { keys, values in
          try keys.forEach(with: values, at: nil) { pairs.append($0, $1) }
        }
      }
      return pairs.lookup
    }
  }
}

/// The pairs of a broadcast, to be found by their key.
public struct Lookup<K: Key, V: Record>: Sendable {
  @usableFromInline let keys: KeyIndex
  /// By number of key: where its pairs begin. One more than there are keys.
  @usableFromInline let starts: [Int]
  /// All pairs; those of a key stand together, in the order of the input.
  public let pairs: [(key: K, value: V)]

  init(_ keys: KeyIndex, starts: [Int], pairs: [(key: K, value: V)]) {
    self.keys = keys
    self.starts = starts
    self.pairs = pairs
  }

  /// How many different keys there are.
  public var count: Int { keys.count }

  /// The first value of a key; nil where it has none. O(1).
  @inlinable public subscript(key: K) -> V? {
    guard let number = number(of: key) else { return nil }
    // Where each key has one pair, that one has its number.
    return pairs[pairs.count == keys.count ? number : starts[number]].value
  }

  /// All values of a key, in the order of the input. O(1) and what is read of them.
  public func all(_ key: K) -> some Collection<V> {
    let range = number(of: key).map { starts[$0]..<starts[$0 + 1] } ?? 0..<0
    return pairs[range].lazy.map(\.value)
  }

  @inlinable func number(of key: K) -> Int? { key.withEncodedKey { keys.find($0) } }
}

/// Gathers the pairs of a lookup.
@usableFromInline struct LookupBuilder<K: Key, V: Record> {
  private let keys = KeyIndex(seed: UInt64.random(in: .min ... .max))
  private var numbers: [Int] = []
  private var pairs: [(key: K, value: V)] = []

  @usableFromInline init() {}

  @usableFromInline mutating func append(_ key: K, _ value: V) {
    numbers.append(key.withEncodedKey { keys.insert($0) })
    pairs.append((key, value))
  }

  /// Pairs of a key stand together, in their order: a counting sort. O(pairs).
  @usableFromInline var lookup: Lookup<K, V> {
    var starts = [Int](repeating: 0, count: keys.count + 1)
    for number in numbers { starts[number + 1] += 1 }
    for place in starts.indices.dropFirst() { starts[place] += starts[place - 1] }
    var next = starts
    var order = [Int](repeating: 0, count: pairs.count)
    for (place, number) in numbers.enumerated() {
      order[next[number]] = place
      next[number] += 1
    }
    return Lookup(keys, starts: starts, pairs: order.map { pairs[$0] })
  }
}
