// SPDX-License-Identifier: Apache-2.0

/// Figures of one kind side by side: a value for each series at each category.
package struct Chart: Sendable {
  package enum Form: Sendable {
    /// A group of bars for each category.
    case bars
    /// A line for each series, over categories that have an order.
    case lines
  }

  package struct Series: Sendable {
    package let name: String
    /// By category; nil where nothing was measured.
    package fileprivate(set) var values: [Double?]
  }

  package let title: String
  package let unit: String
  package let form: Form
  package private(set) var categories: [String] = []
  package private(set) var series: [Series] = []

  package init(title: String, unit: String, form: Form) {
    self.title = title
    self.unit = unit
    self.form = form
  }

  /// Takes a value in, with its series and category where they are new. The first one stays.
  package mutating func add(_ value: Double, series name: String, category: String) {
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
  package var values: [Double] { series.flatMap(\.values).compactMap(\.self).filter(\.isFinite) }
}
