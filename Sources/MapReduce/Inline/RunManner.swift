// SPDX-License-Identifier: Apache-2.0
package import Exchange

/// What an inline run does otherwise than usual.
package struct RunManner: Sendable {
  /// Of each input, only the first split is read: the results are of that part alone.
  package var readsBeginnings = false
  /// Splits are mapped in groups, the last of each first. They are folded in their order as ever,
  /// so that nothing comes to anything else.
  package var mapsBackward = false

  package init() {}
}

/// Looks at what a run reads and makes, on the thread that runs the plan.
package protocol RunInspector {
  /// `readsAll`: whether it reads all of its input, as far as that can be known before.
  func began(readsAll: Bool) throws
  /// A stage has made these records. Stages that are not needed make none.
  func made(_ stage: StageDescription, _ records: StageResult) throws
}

extension Plan {
  /// The inputs that can be read once only: standard input, pipes, devices.
  package func streams() throws -> [String] { try PlanInputs(self).streams }
}
