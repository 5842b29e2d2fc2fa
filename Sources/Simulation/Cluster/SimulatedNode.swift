// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Exchange
import Membership
import Vocabulary

/// A production node in a simulated process: its clock, its inputs, whether it runs.
final class SimulatedNode {
  let record: MemberRecord
  var node: Node
  var inputs: [NodeInput] = []
  var isAlive = true
  /// It does not run until then.
  var pausedUntil: UInt64 = 0
  /// How much its clock is ahead.
  var clockAhead: UInt64
  /// How much faster its clock goes, in thousandths.
  let clockRate: UInt64
  /// Whether its last step found nothing to do, and nothing came since.
  var isParked = false
  /// The room that it is in, or waits for.
  var room: FabricRoom?
  var rank = Rank(0)
  var notes: [String] = []
  let executors: SimulatedExecutors
  /// Executables that lie on its disk.
  var codes: Set<CodeDigest> = []

  init(
    _ record: MemberRecord, _ node: consuming Node, _ executors: SimulatedExecutors,
    clockAhead: UInt64,
    clockRate: UInt64
  ) {
    self.record = record
    self.node = node
    self.executors = executors
    self.clockAhead = clockAhead
    self.clockRate = clockRate
  }

  func clock(_ time: UInt64) -> UInt64 { time + time / 1000 * clockRate + clockAhead }

  /// When it wakes up by itself.
  func deadline() -> UInt64 {
    let due = node.deadline
    let behind = due > clockAhead ? due - clockAhead : 0
    return behind * 1000 / (1000 + clockRate)
  }

  /// Something came: it runs again.
  func put(_ input: NodeInput) {
    inputs.append(input)
    isParked = false
  }
}
