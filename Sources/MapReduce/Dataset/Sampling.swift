// SPDX-License-Identifier: Apache-2.0
import Memory
public import Vocabulary

/// Which elements are in a sample follows from their bytes and the seed: the same ones wherever and
/// in whatever order they are read, from file or stream, in one process or on a cluster. Equal
/// elements are in it together or not at all.
extension Dataset where T: Record {
  /// Keeps about `fraction` of the different elements. O(elements), no shuffle.
  @inlinable public func sample(
    _ fraction: Double, seed: UInt64 = 0, fileID: String = #fileID, line: Int = #line
  ) -> Dataset<T> {
    let lot = Lot(fraction, seed)
    let feed = self.feed
    let location = CodeLocation(fileID: fileID, line: line)
    return adding("sample", location) { chunk, sink in
      let kept = Batch<T>()
      var bytes = RecordWriter()
      return try feed(chunk) { batch in
        try batch.filter(into: kept, at: location) { element in
          bytes.removeAll()
          element.encode(into: &bytes)
          return lot.isDrawn(bytes.bytes)
        }
        if kept.count > 0 { try sink(kept) }
      }
    }
  }
}

extension Keyed {
  /// Keeps about `fraction` of the different keys, each with all of its values. O(pairs), no
  /// shuffle.
  @inlinable public func sample(
    _ fraction: Double, seed: UInt64 = 0, fileID: String = #fileID, line: Int = #line
  ) -> Keyed<K, V> {
    let lot = Lot(fraction, seed)
    let feed = self.feed
    let location = CodeLocation(fileID: fileID, line: line)
    return Keyed(handing: pipeline.keepingKeys("sample", location)) { chunk, sink in
      let (keptKeys, keptValues) = (Batch<K>(), Batch<V>())
      return try feed(chunk) { keys, values in
        try keys.filter(with: values, into: keptKeys, keptValues, at: location) { key, _ in
          key.withEncodedKey { lot.isDrawn($0) }
        }
        if keptKeys.count > 0 { try sink(keptKeys, keptValues) }
      }
    }
  }
}

/// Draws bytes by a hash of theirs.
@usableFromInline struct Lot: Sendable {
  private let fraction: Double
  private let seed: UInt64

  @usableFromInline init(_ fraction: Double, _ seed: UInt64) {
    precondition((0...1).contains(fraction), "a sample is a fraction from 0 to 1, not \(fraction)")
    self.fraction = fraction
    // Another hash than the one that spreads keys over partitions.
    self.seed = seed ^ 0xA5A5_5A5A_C3C3_3C3C
  }

  @usableFromInline func isDrawn(_ bytes: Bytes) -> Bool {
    // 53 bits: a number from 0 to 1 that a Double shows exactly.
    Double(stableHash(bytes, seed: seed) >> 11) / Double(1 << 53) < fraction
  }
}
