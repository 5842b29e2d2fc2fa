// SPDX-License-Identifier: Apache-2.0

/// A stage's place in its plan, from 0.
public struct StageID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The stage's index in the plan.
  public let index: Int

  @inlinable package init(_ index: Int) { self.index = index }

  /// Earlier stages come first.
  @inlinable public static func < (a: StageID, b: StageID) -> Bool { a.index < b.index }

  /// Stages are shown from 1.
  public var description: String { "stage \(index + 1)" }
}

/// One input of a stage, with the operators before it meets the others: counted from 0.
public struct BranchID: Hashable, Sendable, CustomStringConvertible {
  /// The stage that reads it.
  public let stage: StageID
  /// Which of the stage's inputs.
  public let index: Int

  @inlinable package init(_ stage: StageID, _ index: Int) {
    self.stage = stage
    self.index = index
  }

  /// Inputs are shown from 1.
  public var description: String { "input \(index + 1) of \(stage)" }
}

/// Where an operator was written: it names stages in plans, progress and errors.
public struct CodeLocation: Hashable, Sendable, CustomStringConvertible {
  /// Module and file, as `#fileID` gives them: `Jobs/WordCount.swift`.
  public let fileID: String
  /// The line, from 1.
  public let line: Int

  @inlinable package init(fileID: String, line: Int) {
    self.fileID = fileID
    self.line = line
  }

  /// `Jobs/WordCount.swift:14`.
  package var full: String { "\(fileID):\(line)" }

  /// `WordCount.swift:14`.
  public var description: String {
    let file = fileID.split(separator: "/").last.map(String.init) ?? fileID
    return "\(file):\(line)"
  }
}
