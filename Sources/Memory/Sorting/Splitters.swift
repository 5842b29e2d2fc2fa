// SPDX-License-Identifier: Apache-2.0

/// Keys that cut the key space into ranges: partition p holds the keys from splitter p−1 up to,
/// but without, splitter p.
@usableFromInline package struct Splitters: Sendable {
  private let keys: [[UInt8]]
  private let prefixes: [UInt64]

  /// Picks at most `partitions` − 1 splitters, evenly, from sampled keys.
  package init(samples: [[UInt8]], partitions: Int) {
    let sorted = samples.sorted { a, b in a.lexicographicallyPrecedes(b) }
    var keys: [[UInt8]] = []
    for partition in 1..<max(partitions, 1) where !sorted.isEmpty {
      let key = sorted[sorted.count * partition / partitions]
      if keys.last != key { keys.append(key) }
    }
    self.keys = keys
    prefixes = keys.map { key in key.withBytes { unsafe orderPrefix($0.base, $0.count) } }
  }

  /// The partition of a key: how many splitters are not above it. O(log partitions).
  @usableFromInline package func partition(of key: Bytes) -> Int {
    let prefix = unsafe orderPrefix(key.base, key.count)
    var lower = 0
    var count = prefixes.count
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
