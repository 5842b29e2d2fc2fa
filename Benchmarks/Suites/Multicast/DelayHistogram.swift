// SPDX-License-Identifier: Apache-2.0

/// How often which delay was seen: in buckets of 1/32 of a power of two, so to about 3 per cent.
struct DelayHistogram {
  private static let bits = 5
  private static let perPower = 1 << bits
  private var counts = [Int](repeating: 0, count: 64 << bits)
  private(set) var count = 0

  /// Counts a delay in nanoseconds.
  mutating func add(_ nanoseconds: UInt64) {
    counts[Self.bucket(nanoseconds)] += 1
    count += 1
  }

  /// The bucket of a value: exact below 32, then the power of two and five more bits.
  private static func bucket(_ value: UInt64) -> Int {
    guard value >= UInt64(perPower) else { return Int(value) }
    let power = UInt64.bitWidth - 1 - value.leadingZeroBitCount
    let fraction = Int(value >> UInt64(power - bits)) & (perPower - 1)
    return (power - bits + 1) * perPower + fraction
  }

  /// The middle of a bucket.
  private static func value(_ bucket: Int) -> Double {
    guard bucket >= perPower else { return Double(bucket) }
    let power = bucket / perPower + bits - 1
    let least = UInt64(perPower + bucket % perPower) << UInt64(power - bits)
    return Double(least) + Double(UInt64(1) << UInt64(power - bits)) / 2
  }

  /// The delay, in nanoseconds, that `part` of all stay below; nil where there are none.
  func percentile(_ part: Double) -> Double? {
    guard count > 0 else { return nil }
    let wanted = max(1, Int((part * Double(count)).rounded(.up)))
    var seen = 0
    for (bucket, times) in counts.enumerated() {
      seen += times
      if seen >= wanted { return Self.value(bucket) }
    }
    return nil
  }

  mutating func add(_ other: DelayHistogram) {
    for (bucket, times) in other.counts.enumerated() { counts[bucket] += times }
    count += other.count
  }

  /// All buckets that are not empty, as one word: `bucket*times;bucket*times`.
  var text: String {
    counts.enumerated().filter { $0.element > 0 }.map { "\($0.offset)*\($0.element)" }
      .joined(separator: ";")
  }

  init() {}

  /// The histogram that `text` shows; nil where it shows none.
  init?(text: String) {
    self.init()
    for part in text.split(separator: ";") {
      let numbers = part.split(separator: "*").compactMap { Int($0) }
      guard numbers.count == 2, counts.indices.contains(numbers[0]), numbers[1] > 0 else {
        return nil
      }
      counts[numbers[0]] += numbers[1]
      count += numbers[1]
    }
  }
}
