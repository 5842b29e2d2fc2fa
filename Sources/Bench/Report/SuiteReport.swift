// SPDX-License-Identifier: Apache-2.0
package import Exchange

/// What a run of the suite found, for people and programs.
package struct SuiteReport: Sendable {
  /// What it was measured on, and how: names and values.
  package let circumstances: [(name: String, value: JSON)]
  package private(set) var cases: [CaseFigures] = []
  /// What was left out, and why; what to know about the figures.
  package private(set) var notes: [String] = []

  package init(_ circumstances: [(name: String, value: JSON)]) {
    self.circumstances = circumstances
  }

  package mutating func add(_ figures: CaseFigures) { cases.append(figures) }

  /// Takes a note, once.
  package mutating func note(_ text: String) {
    if !notes.contains(text) { notes.append(text) }
  }

  package var circumstancesText: String {
    circumstances.map { name, value in
      if case .text(let text) = value { return "\(name) \(text)" }
      return "\(name) \(value.line)"
    }.joined(separator: " · ")
  }

  /// One JSON document a line: the run, its figures, its notes.
  package var documents: [JSON] {
    let run = JSON.object(
      [("type", .text("run"))] + circumstances.map { ($0.name, $0.value) })
    let notes = self.notes.map { note in
      JSON.object([("type", .text("note")), ("text", .text(note))])
    }
    return [run] + cases.flatMap(Self.documents) + notes
  }

  private static func documents(_ figures: CaseFigures) -> [JSON] {
    figures.variants.map { variant in
      let place = figures.place
      return .object([
        ("type", .text("figure")), ("group", .text(place.group.rawValue)),
        ("workload", .text(place.workload)), ("bytes", .integer(place.bytes)),
        ("nodes", .integer(place.nodes)), ("replicas", .integer(place.replicas)),
        ("variant", .text(variant.variant)), ("trials", .integer(variant.trials.count)),
        ("wall", document(variant.wall)), ("cpu", variant.cpu.map(document) ?? .null),
        ("peak_bytes", variant.peak.map { .integer(Int($0.most)) } ?? .null),
        (
          "ratios",
          .object(figures.ratios(of: variant).map { ($0.variant, .number($0.ratio)) })
        ),
        ("digest", figures.digest.map { .text(hexadecimal($0)) } ?? .null),
      ])
    }
  }

  /// Seconds.
  private static func document(_ spread: Spread) -> JSON {
    .object([
      ("median", .number(spread.median)), ("least", .number(spread.least)),
      ("most", .number(spread.most)),
      ("p99", spread.percentile(99).map { .number($0) } ?? .null),
    ])
  }

  private static func hexadecimal(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
