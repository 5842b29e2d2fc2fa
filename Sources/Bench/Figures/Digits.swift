// SPDX-License-Identifier: Apache-2.0

/// Numbers as people read them.
package enum Digits {
  /// Three or four digits that say something.
  package static func shown(_ number: Double) -> String {
    let places = [100.0, 10, 1].firstIndex { number.magnitude >= $0 } ?? 4
    return decimal(number, places: places)
  }

  package static func decimal(_ number: Double, places: Int) -> String {
    guard number.isFinite, number.magnitude < 1e12 else { return number.description }
    let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((number.magnitude * Double(scale)).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + String(scaled) }
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: places - fraction.count)
    return "\(sign)\(scaled / scale).\(zeros)\(fraction)"
  }

  /// A time in the unit that suits it.
  package static func time(_ seconds: Double) -> String {
    if seconds < 1e-3 { return "\(shown(seconds * 1e6)) µs" }
    return seconds < 1 ? "\(shown(seconds * 1e3)) ms" : "\(shown(seconds)) s"
  }

  /// How many bytes an input has, in the decimal units of its name: 100 MB.
  package static func size(_ bytes: Int) -> String {
    for (size, unit) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")]
    where bytes >= size {
      let tenths = (Double(bytes) / Double(size) * 10).rounded() / 10
      return "\(decimal(tenths, places: tenths == tenths.rounded() ? 0 : 1)) \(unit)"
    }
    return "\(bytes) B"
  }
}
