// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

@Suite struct HistogramTests {
  /// The numbers of a field, read by Foundation.
  private func numbers(_ lines: [String], field: Int, separator: Character) -> [Double] {
    lines.compactMap { line in
      let fields = line.split(separator: separator, omittingEmptySubsequences: false)
      guard fields.indices.contains(field - 1) else { return nil }
      let number = Double(fields[field - 1].trimmingCharacters(in: .whitespaces))
      return number.flatMap { $0.isFinite ? $0 : nil }
    }
  }

  private func check(_ lines: [String], field: Int, separator: String, width: Double) throws {
    let file = try TemporaryFile(lines: lines)
    let numbers = numbers(lines, field: field, separator: Character(separator))
    let options = ["--field", "\(field)", "--separator", separator, "--width", "\(width)"]
    let result = try run(Histogram.self, [file.path] + options)
    var wanted: [Double: Int] = [:]
    for number in numbers { wanted[floor(number / width) * width, default: 0] += 1 }
    let bins = try result.pairs("histogram", as: (Double, Int).self)
    #expect(bins.map(\.0) == wanted.keys.sorted())
    #expect(bins.allSatisfy { wanted[$0.0] == $0.1 })
    let summaries = try result.values("summary", as: Summary.self)
    #expect(summaries.map(\.count) == (numbers.isEmpty ? [] : [numbers.count]))
    #expect(summaries.map(\.minimum) == [numbers.min()].compactMap { $0 })
    #expect(summaries.map(\.maximum) == [numbers.max()].compactMap { $0 })
    let sum = numbers.reduce(0, +)
    let size = numbers.reduce(1) { $0 + $1.magnitude }
    #expect(summaries.allSatisfy { abs($0.sum - sum) <= size * 1e-12 })
  }

  @Test(arguments: 0..<12) func `Random fields fall into the bins that arithmetic gives`(
    seed: Int
  ) throws {
    var random = RandomSource(seed)
    let separator = [",", ";", "\t"][seed % 3]
    let junk = ["", "x", "nan", "inf", "-", "1e", "12a"]
    let lines = (0..<random.number(0...400)).map { _ in
      (0..<random.number(0...4)).map { _ in
        switch random.number(0...5) {
        case 0: junk[random.number(0...(junk.count - 1))]
        case 1: " \(random.number(-9...9)) "
        case 2: "\(Double.random(in: -1e6...1e6, using: &random))"
        default: "\(Double.random(in: -20...20, using: &random))"
        }
      }.joined(separator: separator)
    }
    try check(
      lines, field: random.number(1...4), separator: separator,
      width: [1, 0.1, 2.5, 1000][seed % 4])
  }

  @Test func `Lengths of the lines of this package fall into bins`() throws {
    let lengths = try Corpus.files.flatMap(Corpus.lines).map { "\($0.utf8.count)" }
    try check(lengths, field: 1, separator: ",", width: 10)
  }

  @Test(arguments: [
    ["f", "--field", "0"], ["f", "--width", "0"], ["f", "--width", "-1"], ["f", "--width", "nan"],
    ["f", "--separator", ""], ["f", "--separator", "ab"], ["f", "--separator", "é"], [],
  ])
  func `Arguments that make no sense are refused`(arguments: [String]) {
    #expect(throws: (any Error).self) { _ = try Histogram.parse(arguments) }
  }
}
