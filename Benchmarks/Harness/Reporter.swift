// SPDX-License-Identifier: Apache-2.0
import Bench
import Exchange
import Glibc
import Vocabulary

/// One figure with its spread, beside a reference's.
struct Figure {
  let name: String
  let metric: String
  let unit: String
  /// One value for each repetition.
  let values: [Double]
  /// Whom it is compared with, and that one's values in the same rounds; empty where it was not
  /// measured.
  var against: String?
  var reference: [Double] = []
  /// Where a chart shows it; nil: among the other cases of its suite.
  var plot: Plot?
  var isDrawn = true

  /// The median over the rounds of figure over reference; nil without a reference.
  ///
  /// Of a round's two turns, not of two medians: they stood close together in time.
  var ratio: Double? {
    reference.isEmpty ? nil : median(zip(values, reference).map { $0 / $1 })
  }
}

/// Prints figures as they are found: a table, or JSON lines.
final class Reporter {
  private let isJSON: Bool
  private var suite = ""
  /// The figures so far, to be drawn.
  private(set) var book = ChartBook()

  init(isJSON: Bool) { self.isJSON = isJSON }

  func machine(_ fields: [(String, JSON)]) {
    if isJSON { return line(JSON.object([("type", .text("machine"))] + fields).line) }
    line(Machine.words(fields[...]))
  }

  func begin(_ suite: String, _ parameters: [(String, Int)]) {
    self.suite = suite
    if isJSON {
      let fields: [(String, JSON)] = parameters.map { ($0.0, .integer($0.1)) }
      line(
        JSON.object([
          ("type", .text("suite")), ("suite", .text(suite)), ("parameters", .object(fields)),
        ]).line)
      return
    }
    let sizes = parameters.map { "\($0.0) \($0.1.grouped)" }.joined(separator: ", ")
    line("")
    line("\(suite)\(sizes.isEmpty ? "" : " (\(sizes))")")
    line(
      Self.row(["case", "metric", "median", "", "min", "max", "reference", "ratio", "against"]))
  }

  /// Something to know about the figures that follow.
  func note(_ text: String) {
    if isJSON {
      let fields: [(String, JSON)] = [
        ("type", .text("note")), ("suite", .text(suite)), ("text", .text(text)),
      ]
      line(JSON.object(fields).line)
    } else {
      line("  note: \(text)")
    }
  }

  /// Shows a metric that every sample tells; a reference counts where all of its samples tell it.
  func show(
    _ name: String, _ metric: Metric, _ samples: [Sample], against: String? = nil,
    _ reference: [Sample] = [], plot: Plot? = nil, isDrawn: Bool = true
  ) {
    let values = samples.compactMap(metric.value)
    guard values.count == samples.count else { return }
    let others = reference.compactMap(metric.value)
    show(
      Figure(
        name: name, metric: metric.name, unit: metric.unit, values: values, against: against,
        reference: others.count == reference.count ? others : [], plot: plot,
        isDrawn: isDrawn))
  }

  func show(_ figure: Figure) {
    guard let least = figure.values.min(), let most = figure.values.max() else { return }
    let value = median(figure.values)
    let reference = figure.reference.isEmpty ? nil : median(figure.reference)
    book.add(figure, suite: suite)
    if isJSON {
      let fields: [(String, JSON)] = [
        ("suite", .text(suite)), ("case", .text(figure.name)), ("metric", .text(figure.metric)),
        ("value", .number(value)), ("unit", .text(figure.unit)),
        ("reference", reference.map { .number($0) } ?? .null),
        ("ratio", figure.ratio.map { .number($0) } ?? .null),
        ("against", figure.against.map { .text($0) } ?? .null),
        ("repetitions", .integer(figure.values.count)),
        ("min", .number(least)), ("max", .number(most)),
      ]
      return line(JSON.object(fields).line)
    }
    line(
      Self.row([
        figure.name, figure.metric, Digits.shown(value), figure.unit, Digits.shown(least),
        Digits.shown(most), reference.map(Digits.shown) ?? "-",
        figure.ratio.map { Digits.decimal($0, places: $0 < 0.1 ? 4 : 2) } ?? "-",
        figure.against ?? "",
      ]))
  }

  private func line(_ text: String) {
    print(text)
    // Figures come minutes apart: whoever reads a pipe sees them as they come.
    fflush(nil)
  }

  /// Columns: text to the left, numbers to the right.
  private static func row(_ cells: [String]) -> String {
    let widths = [-31, -12, 9, -5, 9, 9, 10, 7, -20]
    var text = " "
    for (cell, width) in zip(cells, widths) {
      let padding = String(repeating: " ", count: max(0, abs(width) - cell.count))
      text += " " + (width < 0 ? cell + padding : padding + cell)
    }
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
