// SPDX-License-Identifier: Apache-2.0

/// The colours of a drawing.
package struct Palette: Sendable {
  /// Text.
  package let ink: String
  /// Text that matters less, and axes.
  package let faint: String
  package let grid: String
  package let series: [String]

  /// For a page of its own, on white. Told apart by those who see few colours, too (Okabe and Ito).
  package static let paper = Palette(
    ink: "#24292f", faint: "#57606a", grid: "#d8dee4",
    series: [
      "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#5a5a5a", "#b8a900",
    ])

  /// For a part of an HTML page whose style says what the names mean, by day and by night.
  package static let themed = Palette(
    ink: "var(--ink)", faint: "var(--faint)", grid: "var(--grid)",
    series: paper.series.indices.map { "var(--series-\($0))" })

  /// The same hues, lighter, for dark pages.
  static let night = Palette(
    ink: "#e6edf3", faint: "#9da7b3", grid: "#30363d",
    series: [
      "#4ba3e3", "#f0b949", "#3ccf9e", "#e5a0c6", "#8fd0f5", "#ff8a4c", "#b0b0b0", "#e0d34a",
    ])

  /// What a style sheet says of the names that `themed` uses.
  var style: String {
    let named = [("ink", ink), ("faint", faint), ("grid", grid)]
    let numbered = series.enumerated().map { ("series-\($0)", $1) }
    return (named + numbered).map { "--\($0): \($1);" }.joined(separator: " ")
  }
}
