// SPDX-License-Identifier: Apache-2.0

/// Keys that cut the key space into ranges: partition p holds the keys from splitter p−1 up to,
/// but without, splitter p.
@usableFromInline package struct Splitters: Sendable {
  private let keys: [[UInt8]]
  private let prefixes: [UInt64]
  /// For each value of a key's first 16 bits: where the search among the prefixes begins and ends.
  private let bounds: [(lower: UInt16, upper: UInt16)]

  /// Picks at most `partitions` − 1 splitters, evenly, from sampled keys.
  package init(samples: [[UInt8]], partitions: Int) {
    let sorted = samples.sorted { a, b in a.lexicographicallyPrecedes(b) }
    var keys: [[UInt8]] = []
    for partition in 1..<max(partitions, 1) where !sorted.isEmpty {
      let key = sorted[sorted.count * partition / partitions]
      if keys.last != key { keys.append(key) }
    }
    self.keys = keys
    let prefixes = keys.map { key in key.withBytes { unsafe orderPrefix($0.base, $0.count) } }
    self.prefixes = prefixes
    var lower = 0
    var upper = 0
    bounds = (0..<65_536).map { head in
      while lower < prefixes.count, prefixes[lower] >> 48 < head { lower += 1 }
      upper = max(upper, lower)
      while upper < prefixes.count, prefixes[upper] >> 48 <= head { upper += 1 }
      return (UInt16(lower), UInt16(upper))
    }
  }

  /// The partition of a key: how many splitters are not above it. O(log partitions).
  @usableFromInline package func partition(of key: Bytes) -> Int {
    let prefix = unsafe orderPrefix(key.base, key.count)
    let range = bounds[Int(prefix >> 48)]
    var lower = Int(range.lower)
    var count = Int(range.upper) &- lower
    // How many prefixes are below; the step is a conditional move, which no key can mispredict.
    unsafe prefixes.withUnsafeBufferPointer { prefixes in
      while count > 0 {
        let half = count &>> 1
        let isBelow = unsafe prefixes[lower &+ half] < prefix
        lower = isBelow ? lower &+ half &+ 1 : lower
        count = isBelow ? count &- half &- 1 : half
      }
    }
    // Among equal prefixes the whole keys decide.
    while lower < prefixes.count, prefixes[lower] == prefix,
      keys[lower].withBytes({ $0 <= key })
    {
      lower += 1
    }
    return lower
  }
}
