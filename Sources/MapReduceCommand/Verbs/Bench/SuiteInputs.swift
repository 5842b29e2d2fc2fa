// SPDX-License-Identifier: Apache-2.0
import Bench
import Exchange
import MapReduce
import Memory
import Runtime

/// The files that jobs read, made as they are needed, and removed with the rest of the directory.
final class SuiteInputs {
  /// A file and its size.
  struct Input {
    let path: String
    let bytes: Int
  }

  private let directory: TemporaryDirectory
  private var made: [InputKind: Input] = [:]

  private static let pieceBytes = 1 << 20
  private static let recordBytes = 100

  init(_ directory: TemporaryDirectory) { self.directory = directory }

  func input(_ kind: InputKind) throws -> Input {
    if let input = made[kind] { return input }
    let path = try make(kind)
    let input = Input(path: directory.file(path), bytes: try directory.digest(path).size)
    made[kind] = input
    return input
  }

  /// The path of a new file inside of the directory.
  private func make(_ kind: InputKind) throws -> String {
    switch kind {
    case .line:
      var isDone = false
      try directory.write(kind.name) { buffer in
        defer { isDone = true }
        if !isDone { buffer.append("a line of words\n") }
        return !isDone
      }
    case .text(let size):
      var text = ZipfText()
      var left = size.bytes
      try directory.write(kind.name) { buffer in
        guard left > 0 else { return false }
        text.append(atLeast: min(left, Self.pieceBytes), to: &buffer)
        left -= buffer.count
        return true
      }
    case .records(let size):
      let lines = max(1, size.bytes / Self.recordBytes)
      let command = ["run", "teragen", "\(lines)", "-o", directory.file(kind.name)]
      _ = try OwnProgram.run(command + ["--format", "lines", "--quiet"])
      return "\(kind.name)/lines/part-00000.txt"
    }
    return kind.name
  }
}

/// This executable as a process of its own.
enum OwnProgram {
  /// Longer than any run that makes sense here.
  private static let secondsMaximum = 3600

  static func run(_ arguments: [String]) throws -> MeasuredProcess {
    do {
      return try MeasuredProcess.run(
        [LocalClusterSettings.ownExecutable] + arguments, seconds: secondsMaximum,
        isCancelled: { Interrupt.cancellation.isCancelled })
    } catch { throw JobError(error) }
  }
}

extension JobError {
  init(_ failure: MeasuredProcess.Failure) {
    self =
      failure.isCancelled ? .benchInterrupted : JobError(.failed, failure.message)
  }

  static let benchInterrupted = JobError(
    .interrupted, "interrupted; no figures were written")
}
