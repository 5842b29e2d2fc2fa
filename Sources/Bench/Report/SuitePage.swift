// SPDX-License-Identifier: Apache-2.0

/// Figures as one HTML page that needs nothing else: no scripts, no fonts, no network.
package enum SuitePage {
  package static func html(_ report: SuiteReport) -> String {
    let sections = SuiteCharts.sections(report.cases)
    let names = ChartWriter.names(sections.flatMap(\.charts))
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>mapred: benchmarks of a cluster</title>
      <style>
      \(style)</style>
      </head>
      <body>
      <h1>mapred: benchmarks of a cluster</h1>
      <p class="faint">\(ChartWriter.escaped(report.circumstancesText))</p>
      \(how)\(sections.map { section($0, names) }.joined())\(tables(report.cases))\
      \(notes(report.notes))</body>
      </html>

      """
  }

  private static let how = """
    <p>All processes share this machine. Variants take turns, round by round; a ratio is the \
    median over the rounds of one variant’s time over another’s. Every variant’s results had equal \
    digests. Processor time is that of all nodes and their executors; peak memory is the sum of \
    what each process had resident at its own worst moment, so that shared pages count in each. \
    <em>inline</em> is one process without a cluster, from its start to its end.</p>

    """

  private static let style = """
    :root { color-scheme: light dark; --page: #ffffff; \(Palette.paper.style) }
    @media (prefers-color-scheme: dark) { :root { --page: #0d1117; \(Palette.night.style) } }
    body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; background: var(--page);
      color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    .faint, caption { color: var(--faint); }
    .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr));
      gap: 1.5rem; }
    svg { width: 100%; height: auto; font-family: inherit; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
    caption { text-align: left; padding-bottom: .25rem; }
    th, td { padding: .15rem .7rem; text-align: right; border-top: 1px solid var(--grid); }
    th:first-child, td:first-child, th:last-child, td:last-child { text-align: left; }
    th { font-weight: 600; }

    """

  private static func section(_ section: SuiteCharts.Section, _ names: [String]) -> String {
    let drawings = section.charts.map { ChartWriter.drawing($0, names: names) }.joined()
    return """
      <h2>\(ChartWriter.escaped(section.title))</h2>
      <div class="charts">
      \(drawings)</div>

      """
  }

  private static func tables(_ cases: [CaseFigures]) -> String {
    let tables = cases.map { figures in
      let rows = figures.variants.map { row("td", SuiteTable.cells($0, in: figures)) }.joined()
      return """
        <div class="wide"><table>
        <caption>\(ChartWriter.escaped(figures.place.title))</caption>
        \(row("th", SuiteTable.heads))\(rows)</table></div>

        """
    }
    return tables.isEmpty ? "" : "<h2>All figures</h2>\n" + tables.joined()
  }

  private static func row(_ tag: String, _ cells: [String]) -> String {
    let marked = cells.map { "<\(tag)>\(ChartWriter.escaped($0))</\(tag)>" }
    return "<tr>\(marked.joined())</tr>\n"
  }

  private static func notes(_ notes: [String]) -> String {
    if notes.isEmpty { return "" }
    let items = notes.map { "<li>\(ChartWriter.escaped($0))</li>\n" }.joined()
    return "<h2>Notes</h2>\n<ul>\n\(items)</ul>\n"
  }
}
