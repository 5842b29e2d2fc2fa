// SPDX-License-Identifier: Apache-2.0

/// Figures of one kind side by side: a value for each series at each category.
struct Chart {
  enum Form {
    /// A group of bars for each category.
    case bars
    /// A line for each series, over categories that have an order.
    case lines
  }

  struct Series {
    let name: String
    /// By category; nil where nothing was measured.
    var values: [Double?]
  }

  let title: String
  let unit: String
  let form: Form
  private(set) var categories: [String] = []
  private(set) var series: [Series] = []

  init(title: String, unit: String, form: Form) {
    self.title = title
    self.unit = unit
    self.form = form
  }

  /// Takes a value in, with its series and category where they are new. The first one stays.
  mutating func add(_ value: Double, series name: String, category: String) {
    if !categories.contains(category) {
      categories.append(category)
      for place in series.indices { series[place].values.append(nil) }
    }
    if !series.contains(where: { $0.name == name }) {
      series.append(Series(name: name, values: categories.map { _ in nil }))
    }
    guard let row = series.firstIndex(where: { $0.name == name }),
      let column = categories.firstIndex(of: category)
    else { return }
    if series[row].values[column] == nil { series[row].values[column] = value }
  }

  /// All values that can be drawn.
  var values: [Double] { series.flatMap(\.values).compactMap(\.self).filter(\.isFinite) }
}

/// Where a figure is drawn.
struct Plot {
  /// The chart's title: figures of one title and unit share a chart.
  let chart: String
  let series: String
  let category: String
  var form = Chart.Form.bars
}

extension ChartBook {
  /// All charts as an SVG page.
  func page(suite: String) -> String {
    ChartWriter.page(
      charts, title: "mapred: \(suite)",
      subtitle: Machine.words(Machine.description.prefix(3)))
  }
}

/// The charts of a run, in the order in which their first figures came.
struct ChartBook {
  private(set) var charts: [Chart] = []

  /// Draws a figure's median, and its reference's beside it. Where it says no place of its own, all
  /// cases of a suite that tell the same metric share a chart.
  mutating func add(_ figure: Figure, suite: String) {
    guard figure.isDrawn else { return }
    let plot =
      figure.plot
      ?? Plot(chart: "\(suite): \(figure.metric)", series: "measured", category: figure.name)
    let value = median(figure.values)
    guard value.isFinite else { return }
    let place =
      charts.firstIndex { $0.title == plot.chart && $0.unit == figure.unit }
      ?? {
        charts.append(Chart(title: plot.chart, unit: figure.unit, form: plot.form))
        return charts.count - 1
      }()
    charts[place].add(value, series: plot.series, category: plot.category)
    if !figure.reference.isEmpty, let against = figure.against {
      charts[place].add(median(figure.reference), series: against, category: plot.category)
    }
  }
}
