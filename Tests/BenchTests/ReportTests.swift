// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Testing

@testable import Bench

@Suite struct ReportTests {
  private static func figures(
    _ workload: String, nodes: Int, replicas: Int? = nil, group: BenchCase.Group = .cluster
  ) -> CaseFigures {
    func trials(_ wall: Double) -> [Trial] {
      (1...5).map { Trial(wall: wall * Double($0), cpu: wall, peak: 3 << 20) }
    }
    return CaseFigures(
      BenchCase(
        group, workload, bytes: 1_000_000, nodes: nodes, replicas: replicas ?? min(2, nodes)),
      [
        VariantFigures("inline", trials(0.1)),
        VariantFigures("shm", trials(0.2), against: ["inline"]),
        VariantFigures("tcp", trials(0.3), against: ["inline", "shm", "absent"]),
      ], digest: 0x1F)
  }

  private static var report: SuiteReport {
    var report = SuiteReport([("cores", .integer(2)), ("cpu", .text("<fast & small>"))])
    for nodes in [3, 1, 2] { report.add(figures("wordcount", nodes: nodes)) }
    report.add(figures("wordcount", nodes: 3, replicas: 1))
    report.add(figures("terasort", nodes: 3))
    report.add(figures("wordcount", nodes: 3, group: .spark))
    report.note("something \"was\" left out")
    report.note("something \"was\" left out")
    return report
  }

  @Test func `The table tells every variant of a case, and what it is compared with`() {
    let lines = SuiteTable.text(Self.figures("wordcount", nodes: 1)).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0] == "wordcount of 1 MB, 1 node, 1 replica")
    #expect(lines[2].contains("inline") && lines[2].contains("300 ms"))
    #expect(lines[4].hasSuffix("inline 3.00, shm 1.50"))
    #expect(lines[4].contains("3 MiB"))
  }

  @Test func `Every line of JSON is a document, with all variants of all cases`() throws {
    let objects = try Self.report.documents.map { document in
      try #require(
        try JSONSerialization.jsonObject(with: Data(document.line.utf8)) as? [String: Any])
    }
    let types = objects.compactMap { $0["type"] as? String }
    #expect(types == ["run"] + Array(repeating: "figure", count: 18) + ["note"])
    let last = objects[3]
    #expect(last["variant"] as? String == "tcp")
    #expect(last["digest"] as? String == "000000000000001f")
    #expect((last["wall"] as? [String: Any])?["p99"] is NSNull)
    let ratios = try #require(last["ratios"] as? [String: Double])
    #expect(Set(ratios.keys) == ["inline", "shm"])
    #expect(abs((ratios["shm"] ?? 0) - 1.5) < 1e-9)
    #expect(last["peak_bytes"] as? Int == 3 << 20)
  }

  @Test func `The page stands alone, escapes what it shows, and is well formed`() throws {
    let page = SuitePage.html(Self.report)
    #expect(page.contains("&lt;fast &amp; small&gt;"))
    for word in ["http", "<script", "<link", "src=", "@import", "url("] {
      #expect(!page.contains(word), "the page reaches out by \(word)")
    }
    #expect(page.contains("prefers-color-scheme: dark"))
    // Every name of a colour that drawings use is given by the style, twice.
    let used = Set(page.matches(of: /var\(--([a-z0-9-]+)\)/).map { String($0.1) })
    #expect(used.contains("ink") && used.contains("series-0"))
    for name in used { #expect(page.components(separatedBy: "--\(name):").count == 3, "\(name)") }
    let body = try #require(page.firstRange(of: "<h1>"))
    let end = try #require(page.firstRange(of: "</body>"))
    let content = page[body.lowerBound..<end.lowerBound]
    let parser = XMLReader("<body>\(content)</body>")
    #expect(parser.failure == nil)
    #expect(parser.count("table") == 6 && parser.count("svg") == 6)
  }

  @Test func `Charts put what was varied in order, and Spark apart`() throws {
    let sections = SuiteCharts.sections(Self.report.cases)
    #expect(sections.map(\.title) == ["wordcount", "terasort", "Beside Spark"])
    let overNodes = try #require(sections[0].charts.first)
    #expect(overNodes.categories == ["1", "2", "3"])
    #expect(overNodes.series.map(\.name) == ["inline", "shm", "tcp"])
    #expect(sections[0].charts.last?.categories == ["1", "2"])
    #expect(sections[2].charts.map(\.categories) == [["wordcount 1 MB"]])
  }
}

/// Counts elements of a document, and says where it breaks.
private final class XMLReader {
  private(set) var failure: String?
  private var names: [Substring: Int] = [:]

  /// Reads tags alone, in their order: each that opens has to close.
  init(_ text: String) {
    var open: [Substring] = []
    for tag in text.matches(of: /<(\/?)([a-z0-9]+)[^<>]*?(\/?)>/) {
      let name = tag.2
      if !tag.1.isEmpty {
        if open.popLast() != name { failure = failure ?? "</\(name)> closes something else" }
        continue
      }
      names[name, default: 0] += 1
      if tag.3.isEmpty { open.append(name) }
    }
    if !open.isEmpty { failure = failure ?? "\(open) are left open" }
  }

  func count(_ name: Substring) -> Int { names[name, default: 0] }
}
