// SPDX-License-Identifier: Apache-2.0

/// Finds the name that was meant.
package enum EditDistance {
  /// The name with the fewest edits, of those with at most `edits`; the first one of several.
  package static func nearest(to word: String, in names: [String], edits: Int) -> String? {
    let written = Array(word.utf8)
    let best = names.map { ($0, between(written, Array($0.utf8))) }.min { $0.1 < $1.1 }
    guard let best, best.1 <= edits else { return nil }
    return best.0
  }

  /// Insertions, deletions, substitutions and swaps of neighbours (Damerau; the optimal string
  /// alignment). O(a·b).
  static func between(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    for i in 0..<a.count {
      var row = [Int](repeating: i + 1, count: b.count + 1)
      for j in 0..<b.count {
        row[j + 1] = min(last[j] + (a[i] == b[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          row[j + 1] = min(row[j + 1], before[j - 1] + 1)
        }
      }
      before = last
      last = row
    }
    return last[b.count]
  }
}
