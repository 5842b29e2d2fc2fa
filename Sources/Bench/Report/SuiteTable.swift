// SPDX-License-Identifier: Apache-2.0

/// Figures as a table of plain text.
package enum SuiteTable {
  static let heads = [
    "variant", "trials", "median", "least", "most", "p99", "cpu", "peak", "times as long as",
  ]
  /// Text to the left, numbers to the right.
  private static let widths = [-22, 6, 10, 10, 10, 10, 10, 9, -1]

  /// A case with its variants, one a line, lines ending.
  package static func text(_ figures: CaseFigures) -> String {
    let rows = figures.variants.map { cells($0, in: figures) }
    let lines = [figures.place.title, row(heads)] + rows.map(row)
    return lines.map { $0 + "\n" }.joined()
  }

  /// What stands in the columns of a variant.
  static func cells(_ variant: VariantFigures, in figures: CaseFigures) -> [String] {
    let wall = variant.wall
    let ratios = figures.ratios(of: variant).map { name, ratio in
      "\(name) \(Digits.decimal(ratio, places: ratio < 10 ? 2 : 1))"
    }
    return [
      variant.variant, "\(variant.trials.count)", Digits.time(wall.median),
      Digits.time(wall.least), Digits.time(wall.most),
      wall.percentile(99).map(Digits.time) ?? "-",
      variant.cpu.map { Digits.time($0.median) } ?? "-",
      variant.peak.map { "\(Digits.decimal($0.most / 1_048_576, places: 0)) MiB" } ?? "-",
      ratios.joined(separator: ", "),
    ]
  }

  private static func row(_ cells: [String]) -> String {
    var text = " "
    for (cell, width) in zip(cells, widths) {
      let padding = String(repeating: " ", count: max(0, abs(width) - cell.count))
      text += " " + (width < 0 ? cell + padding : padding + cell)
    }
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
