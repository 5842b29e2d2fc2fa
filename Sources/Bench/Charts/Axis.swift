// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The values' axis of a chart: from where to where, and what is written at it.
struct Axis {
  let isLogarithmic: Bool
  private let low: Double
  private let high: Double
  /// Where lines are drawn, with their labels.
  let ticks: [(value: Double, label: String)]

  /// An axis for values: from zero, or over decades where the largest is many times the smallest.
  init(_ values: [Double]) {
    let positive = values.filter { $0 > 0 }
    let most = positive.max() ?? 1
    let least = positive.min() ?? most
    isLogarithmic = most > 30 * least
    if isLogarithmic {
      let decades = Int(floor(log10(least)))...Int(ceil(log10(most)))
      low = Double(decades.lowerBound)
      high = Double(decades.upperBound)
      // Not more lines than can be told apart.
      let stride = max(1, decades.count / 8)
      ticks = decades.filter { ($0 - decades.lowerBound) % stride == 0 }.map {
        let value = pow(10, Double($0))
        return (value, Self.label(value))
      }
    } else {
      let step = Self.step(most / 5)
      low = 0
      high = step * ceil(most / step)
      ticks = (0...Int((high / step).rounded())).map {
        (Double($0) * step, Self.label(Double($0) * step))
      }
    }
  }

  /// A place between 0, at the bottom, and 1.
  func place(_ value: Double) -> Double {
    if !isLogarithmic { return value / high }
    return value <= 0 ? 0 : (log10(value) - low) / (high - low)
  }

  /// The next of 1, 2, 5, 10, … from `least` on.
  private static func step(_ least: Double) -> Double {
    let decade = pow(10, floor(log10(least)))
    return [1.0, 2, 5, 10].map { $0 * decade }.first { $0 >= least * 0.999 } ?? least
  }

  /// A number in few letters: 20, 0.5, 3k, 1M.
  static func label(_ value: Double) -> String {
    for (size, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= size * 0.9995 {
      return trimmed(value / size) + letter
    }
    return trimmed(value)
  }

  /// Three digits, without zeros at the end.
  private static func trimmed(_ value: Double) -> String {
    if value == 0 { return "0" }
    let places = max(0, 2 - Int(floor(log10(value.magnitude))))
    var text = Digits.decimal(value, places: min(places, 6))
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text
  }
}
