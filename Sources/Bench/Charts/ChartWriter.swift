// SPDX-License-Identifier: Apache-2.0

/// Draws charts as SVG that needs nothing else: no scripts, no fonts, no style sheets.
package struct ChartWriter {
  private static let width = 560.0
  private static let plotHeight = 230.0
  private static let columns = 2
  private static let margin = 24.0
  /// Room for the axis' labels.
  private static let axisWidth = 52.0
  private static let legendLine = 17.0

  private var text = ""
  private let palette: Palette
  /// All series of the page: the same name has the same colour in all charts.
  private let names: [String]

  private init(_ charts: [Chart], _ palette: Palette) {
    names = Self.names(charts)
    self.palette = palette
  }

  private init(names: [String], _ palette: Palette) {
    self.names = names
    self.palette = palette
  }

  /// The names of all series, each once.
  package static func names(_ charts: [Chart]) -> [String] {
    var names: [String] = []
    for series in charts.flatMap(\.series) where !names.contains(series.name) {
      names.append(series.name)
    }
    return names
  }

  /// One chart as a part of an HTML page, which says what the palette's colours are. Series are
  /// coloured by their places in `names`.
  package static func drawing(_ chart: Chart, names: [String]) -> String {
    var writer = ChartWriter(names: names, .themed)
    let size = (width: width + 8, height: height(chart) + 8)
    writer.text = """
      <svg viewBox="0 0 \(number(size.width)) \(number(size.height))" role="img" font-size="11" \
      fill="\(writer.palette.ink)">
      <title>\(escaped(chart.title))</title>

      """
    writer.draw(chart, x: 4, y: 4)
    return writer.text + "</svg>\n"
  }

  /// A page with all charts, and what they were measured on.
  package static func page(_ charts: [Chart], title: String, subtitle: String) -> String {
    var writer = ChartWriter(charts, .paper)
    var y = 76.0
    var rows: [(y: Double, charts: ArraySlice<Chart>)] = []
    for start in stride(from: 0, to: charts.count, by: columns) {
      let row = charts[start..<min(start + columns, charts.count)]
      rows.append((y, row))
      y += (row.map(height).max() ?? 0) + margin
    }
    let pageWidth = Double(columns) * (width + margin) + margin
    writer.text = """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(pageWidth)) \(number(y))" \
      width="\(number(pageWidth))" height="\(number(y))" role="img" \
      font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif" \
      font-size="11" fill="\(writer.palette.ink)">
      <title>\(escaped(title))</title>
      <rect width="100%" height="100%" fill="#ffffff"/>

      """
    writer.label(title, margin, 32, size: 18, weight: "600")
    writer.label(subtitle, margin, 52, colour: writer.palette.faint)
    for (y, row) in rows {
      for (place, chart) in row.enumerated() {
        writer.draw(chart, x: margin + Double(place) * (width + margin), y: y)
      }
    }
    return writer.text + "</svg>\n"
  }

  /// Lines of the legend: each holds as many names as fit.
  private static func legend(_ chart: Chart) -> [[(place: Int, x: Double)]] {
    var lines: [[(Int, Double)]] = [[]]
    var x = 0.0
    for (place, series) in chart.series.enumerated() {
      let needed = 34 + 6.6 * Double(series.name.count)
      if x > 0, x + needed > width - axisWidth {
        lines.append([])
        x = 0
      }
      lines[lines.count - 1].append((place, x))
      x += needed
    }
    return lines
  }

  /// Names of categories that are too long to stand side by side are written aslant.
  private static func isAslant(_ chart: Chart) -> Bool {
    let room = (width - axisWidth) / Double(max(1, chart.categories.count))
    return chart.categories.contains { 6.0 * Double($0.count) > room - 4 }
  }

  private static func categoryHeight(_ chart: Chart) -> Double {
    guard isAslant(chart) else { return 20 }
    return 16 + 3.4 * Double(chart.categories.map(\.count).max() ?? 0)
  }

  private static func height(_ chart: Chart) -> Double {
    30 + Double(legend(chart).count) * legendLine + plotHeight + categoryHeight(chart)
  }

  private mutating func draw(_ chart: Chart, x: Double, y: Double) {
    let axis = Axis(chart.values)
    label(chart.title, x, y + 12, size: 13, weight: "600")
    let note = axis.isLogarithmic ? "\(chart.unit), logarithmic" : chart.unit
    label(note, x + Self.width, y + 12, anchor: "end", colour: palette.faint)
    let legend = Self.legend(chart)
    for (line, names) in legend.enumerated() {
      let top = y + 22 + Double(line) * Self.legendLine
      for (place, offset) in names {
        let left = x + Self.axisWidth + offset
        rectangle(left, top, 11, 11, colour(chart.series[place]))
        label(chart.series[place].name, left + 16, top + 9.5)
      }
    }
    let frame = Frame(
      x: x + Self.axisWidth, y: y + 28 + Double(legend.count) * Self.legendLine,
      width: Self.width - Self.axisWidth, height: Self.plotHeight, axis: axis,
      categories: chart.categories.count)
    drawGrid(chart, frame)
    switch chart.form {
    case .bars: drawBars(chart, frame)
    case .lines: drawLines(chart, frame)
    }
  }

  private mutating func drawGrid(_ chart: Chart, _ frame: Frame) {
    for (value, name) in frame.axis.ticks {
      let y = frame.y(value)
      line(frame.x, y, frame.x + frame.width, y, palette.grid, 1)
      label(name, frame.x - 6, y + 4, anchor: "end", colour: palette.faint)
    }
    line(
      frame.x, frame.y + frame.height, frame.x + frame.width, frame.y + frame.height, palette.faint,
      1)
    let isAslant = Self.isAslant(chart)
    for (place, name) in chart.categories.enumerated() {
      let x = frame.middle(place)
      let y = frame.y + frame.height + 14
      if isAslant {
        label(name, x + 4, y, anchor: "end", turn: -32)
      } else {
        label(name, x, y, anchor: "middle")
      }
    }
  }

  private mutating func drawBars(_ chart: Chart, _ frame: Frame) {
    let count = Double(max(1, chart.series.count))
    let width = min(72, frame.step * 0.8 / count)
    let group = width * count
    for (row, series) in chart.series.enumerated() {
      for (place, value) in series.values.enumerated() {
        guard let value, value.isFinite else { continue }
        let left = frame.middle(place) - group / 2 + Double(row) * width
        let top = frame.y(value)
        let name = "\(series.name), \(chart.categories[place])"
        rectangle(
          left + 0.5, top, max(1, width - 1), frame.y + frame.height - top, colour(series),
          tip: "\(name): \(Digits.shown(value)) \(chart.unit)")
        if width >= 24 {
          label(Axis.label(value), left + width / 2, top - 3, anchor: "middle", size: 9)
        }
      }
    }
  }

  private mutating func drawLines(_ chart: Chart, _ frame: Frame) {
    for series in chart.series {
      let points = series.values.enumerated().compactMap { place, value -> (Int, Double)? in
        guard let value, value.isFinite else { return nil }
        return (place, value)
      }
      let path = points.map { place, value in
        "\(Self.number(frame.middle(place))),\(Self.number(frame.y(value)))"
      }
      text += """
        <polyline points="\(path.joined(separator: " "))" fill="none" \
        stroke="\(colour(series))" stroke-width="2"/>

        """
      for (place, value) in points {
        let name = "\(series.name), \(chart.categories[place])"
        text += """
          <circle cx="\(Self.number(frame.middle(place)))" cy="\(Self.number(frame.y(value)))" \
          r="3" fill="\(colour(series))"><title>\
          \(Self.escaped("\(name): \(Digits.shown(value)) \(chart.unit)"))</title></circle>

          """
      }
    }
  }
}

/// Where values and categories lie on the page.
private struct Frame {
  let x: Double
  let y: Double
  let width: Double
  let height: Double
  let axis: Axis
  let categories: Int

  var step: Double { width / Double(max(1, categories)) }
  func middle(_ category: Int) -> Double { x + (Double(category) + 0.5) * step }
  func y(_ value: Double) -> Double { y + height * (1 - axis.place(value)) }
}

extension ChartWriter {
  private func colour(_ series: Chart.Series) -> String {
    palette.series[(names.firstIndex(of: series.name) ?? 0) % palette.series.count]
  }

  private mutating func label(
    _ words: String, _ x: Double, _ y: Double, anchor: String = "start", size: Int? = nil,
    weight: String? = nil, colour: String? = nil, turn: Int? = nil
  ) {
    var attributes = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\""
    if anchor != "start" { attributes += " text-anchor=\"\(anchor)\"" }
    if let size { attributes += " font-size=\"\(size)\"" }
    if let weight { attributes += " font-weight=\"\(weight)\"" }
    if let colour { attributes += " fill=\"\(colour)\"" }
    if let turn {
      attributes += " transform=\"rotate(\(turn) \(Self.number(x)) \(Self.number(y)))\""
    }
    text += "<text \(attributes)>\(Self.escaped(words))</text>\n"
  }

  private mutating func line(
    _ x: Double, _ y: Double, _ toX: Double, _ toY: Double, _ colour: String, _ width: Int
  ) {
    text += """
      <line x1="\(Self.number(x))" y1="\(Self.number(y))" x2="\(Self.number(toX))" \
      y2="\(Self.number(toY))" stroke="\(colour)" stroke-width="\(width)"/>

      """
  }

  private mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ colour: String,
    tip: String? = nil
  ) {
    let place = """
      x="\(Self.number(x))" y="\(Self.number(y))" width="\(Self.number(width))" \
      height="\(Self.number(max(0, height)))" fill="\(colour)"
      """
    guard let tip else { return text += "<rect \(place)/>\n" }
    text += "<rect \(place)><title>\(Self.escaped(tip))</title></rect>\n"
  }

  /// A length on the page, to a tenth.
  private static func number(_ value: Double) -> String { Digits.decimal(value, places: 1) }

  package static func escaped(_ words: String) -> String {
    words.reduce(into: "") { text, letter in
      switch letter {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      default: text.append(letter)
      }
    }
  }
}
