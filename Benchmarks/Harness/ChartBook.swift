// SPDX-License-Identifier: Apache-2.0
import Bench

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
