// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Exchange
import Vocabulary

extension ExecutorTask.Work {
  /// The files that it reads.
  var files: [FileRange] {
    switch self {
    case .sample(_, .files(let ranges)), .map(_, .files(let ranges), _): ranges
    default: []
    }
  }

  /// Whether a task of this kind can report so.
  func canReport(_ report: ExecutorReport) -> Bool {
    switch (self, report) {
    case (_, .failed), (.plan, .planned), (.list, .listed), (.sample, .sampled), (.map, .block),
      (.map, .mapped), (.fold(_, _, _, isLast: false), .folded),
      (.fold(_, _, _, isLast: true), .runBlock), (.fold(_, _, _, isLast: true), .finished),
      (.align, .runBlock), (.align, .finished):
      true
    case (.fold, .spilled), (.align, .spilled): true
    default: false
    }
  }
}

extension JobFailure {
  /// The same, where it is not too long to be told to all nodes.
  var shortened: JobFailure {
    func short(_ text: String) -> String {
      text.utf8.count <= Self.textBytes
        ? text : String(decoding: text.utf8.prefix(Self.textBytes), as: UTF8.self) + "…"
    }
    return JobFailure(
      exitCode: exitCode, code: short(code), message: short(message),
      location: location.map(short), record: record.map(short), advice: advice.map(short),
      trace: trace.prefix(Self.traceLines).map(short))
  }

  private static let textBytes = 4 << 10
  private static let traceLines = 200
}
