// SPDX-License-Identifier: Apache-2.0

/// Values of one kind: their middle and their ends.
package struct Spread: Sendable {
  /// In ascending order; at least one.
  private let sorted: [Double]

  /// Nil where there are no values.
  package init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    sorted = values.sorted()
  }

  package var count: Int { sorted.count }
  package var least: Double { sorted[0] }
  package var most: Double { sorted[count - 1] }

  /// The middle one; the mean of the two middle ones where their number is even.
  package var median: Double { (sorted[(count - 1) / 2] + sorted[count / 2]) / 2 }

  /// The least value that so many of a hundred do not exceed. Nil where there are too few values
  /// to tell it from the greatest.
  package func percentile(_ hundredths: Int) -> Double? {
    precondition((1...99).contains(hundredths), "a percentile from 1 to 99, not \(hundredths)")
    guard count * (100 - hundredths) >= 100 else { return nil }
    return sorted[(count * hundredths + 99) / 100 - 1]
  }
}
