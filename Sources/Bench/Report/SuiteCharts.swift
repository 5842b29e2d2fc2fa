// SPDX-License-Identifier: Apache-2.0

/// Which charts show what a suite found.
enum SuiteCharts {
  /// Charts of one heading.
  struct Section {
    let title: String
    let charts: [Chart]
  }

  static func sections(_ cases: [CaseFigures]) -> [Section] {
    var workloads: [String] = []
    for figures in cases where !workloads.contains(figures.place.workload) {
      workloads.append(figures.place.workload)
    }
    var sections = workloads.map { workload in
      Section(title: workload, charts: charts(cases.filter { $0.place.workload == workload }))
    }
    sections.append(Section(title: "Beside Spark", charts: besideSpark(cases)))
    return sections.filter { !$0.charts.isEmpty }
  }

  /// Wall and processor time over nodes and over replicas, for each size of input.
  private static func charts(_ all: [CaseFigures]) -> [Chart] {
    let cases = all.filter { $0.place.group == .cluster }
    var sizes: [Int] = []
    for figures in cases where !sizes.contains(figures.place.bytes) {
      sizes.append(figures.place.bytes)
    }
    return sizes.flatMap { bytes in
      let sized = cases.filter { $0.place.bytes == bytes }
      guard let base = base(sized) else { return [Chart]() }
      let size = Digits.size(bytes)
      let overNodes = sized.filter { $0.place.replicas == min(base.replicas, $0.place.nodes) }
      let overReplicas = sized.filter { $0.place.nodes == base.nodes }
      var charts = [
        chart("\(size): wall time over nodes", overNodes, \.place.nodes) { $0.wall.median },
        chart("\(size): processor time over nodes", overNodes, \.place.nodes) { $0.cpu?.median },
      ]
      if overReplicas.count > 1 {
        let title = "\(size): wall time over replicas, \(base.nodes) nodes"
        charts.append(chart(title, overReplicas, \.place.replicas) { $0.wall.median })
      }
      return charts
    }
  }

  /// The shape around which the others are varied: the one that shares its nodes or its replicas
  /// with most others.
  private static func base(_ cases: [CaseFigures]) -> (nodes: Int, replicas: Int)? {
    func kin(_ place: BenchCase) -> Int {
      cases.count { $0.place.nodes == place.nodes || $0.place.replicas == place.replicas }
    }
    let place = cases.map(\.place).max { kin($0) < kin($1) }
    return place.map { ($0.nodes, $0.replicas) }
  }

  /// Milliseconds of every variant over one number of the shape, in its order.
  private static func chart(
    _ title: String, _ cases: [CaseFigures], _ number: (CaseFigures) -> Int,
    _ seconds: (VariantFigures) -> Double?
  ) -> Chart {
    let sorted = cases.sorted { number($0) < number($1) }
    var chart = Chart(title: title, unit: "ms", form: sorted.count > 1 ? .lines : .bars)
    for figures in sorted {
      for variant in figures.variants {
        guard let seconds = seconds(variant) else { continue }
        chart.add(seconds * 1e3, series: variant.variant, category: "\(number(figures))")
      }
    }
    return chart
  }

  private static func besideSpark(_ cases: [CaseFigures]) -> [Chart] {
    var chart = Chart(title: "wall time", unit: "s", form: .bars)
    for figures in cases where figures.place.group == .spark {
      let size = figures.place.workload == "empty" ? "" : " \(Digits.size(figures.place.bytes))"
      for variant in figures.variants {
        chart.add(
          variant.wall.median, series: variant.variant,
          category: figures.place.workload + size)
      }
    }
    return chart.values.isEmpty ? [] : [chart]
  }
}
