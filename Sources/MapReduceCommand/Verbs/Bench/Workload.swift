// SPDX-License-Identifier: Apache-2.0
import Bench
import Memory

/// What the suite measures.
enum Workload: String, CaseIterable, ListItem {
  /// A job whose input is one line: what is left is the way of a job through the cluster.
  case empty
  case wordcount
  case terasort
  /// A job of three stages.
  case stages

  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

  init?(word: String) { self.init(rawValue: word) }
  var word: String { rawValue }

  /// The example job that is submitted.
  var job: String {
    switch self {
    case .empty, .wordcount: "wordcount"
    case .terasort: "terasort"
    case .stages: "frequencies"
    }
  }

  /// With those that make its input.
  var neededJobs: [String] { self == .terasort ? [job, "teragen"] : [job] }

  /// Which input it reads.
  func input(of size: InputSize) -> InputKind {
    switch self {
    case .empty: .line
    case .wordcount, .stages: .text(size)
    case .terasort: .records(size)
    }
  }
}

/// A file that jobs read, by what it holds.
enum InputKind: Hashable {
  case line
  case text(InputSize)
  /// Lines of 100 bytes with random keys.
  case records(InputSize)

  /// The name of the file.
  var name: String {
    switch self {
    case .line: "line"
    case .text(let size): "text-\(size.word)"
    case .records(let size): "records-\(size.word)"
    }
  }
}
