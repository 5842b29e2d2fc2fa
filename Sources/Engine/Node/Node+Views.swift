// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Environment
import Membership
import Multicast
import Replication
import Vocabulary

/// A member's part in a subgroup with its role, from one view to the next.
struct HeldState: Sendable {
  let role: Role
  /// Nil where the state had not come yet. What waits to be sent is kept all the same.
  let replica: Replica<Coordination>?
  let queue: SubmissionQueue
}

extension Node {
  /// Ends the view as it was decided, and begins the next.
  mutating func install(
    _ decision: Decision, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    let held = end(decision, now, into: &effects)
    // Who joins has no view that it leaves.
    if dataView != nil {
      trace(.change(view: decision.view, .installed(decision.ballot)), &effects)
    }
    begin(decision.next, held: held, now, into: &effects)
  }

  /// Delivers up to the trims, and nothing beyond; takes the state out of the view.
  private mutating func end(
    _ decision: Decision, _ now: UInt64, into effects: inout [NodeEffect]
  ) -> [HeldState] {
    guard let dataView else { return [] }
    if let plane {
      deliverTrimmed(plane, dataView, decision, now, into: &effects)
      endJobs(plane.member.subgroups, dataView, decision)
      plane.fabric.close()
    } else {
      precondition(
        dataView.subgroups.indices.allSatisfy {
          decision.trims[$0] == 0 || !dataView.subgroups[$0].receivers.contains(dataRank)
        }, "nothing is delivered that this member cannot have")
    }
    plane = nil
    return dataView.subgroups.indices.map { index in
      queues[index].sendAgain()
      return HeldState(
        role: dataView.subgroups[index].role, replica: slots[index].replica, queue: queues[index])
    }
  }

  private mutating func deliverTrimmed(
    _ plane: DataPlane, _ view: View, _ decision: Decision, _ now: UInt64,
    into effects: inout [NodeEffect]
  ) {
    let trims = decision.trims
    do throws(MulticastError) {
      for index in view.subgroups.indices where plane.member.subgroups[index].isReceiver {
        plane.member.subgroups[index].release(upTo: trims[index])
      }
      if try deliver(&plane.member.subgroups, plane.layout, view, now, into: &effects) {
        askAgain(into: &effects)
      }
    } catch {
      preconditionFailure("\(error): it was received, so it can be read")
    }
    for index in view.subgroups.indices where plane.member.subgroups[index].isReceiver {
      guard slots[index].receiver == nil else { continue }
      let count = plane.member.subgroups[index].deliveredCount
      // guard: deliver.trimmed
      precondition(count == trims[index], "\(count) places delivered of \(trims[index])")
      trace(.concluded(decision.ballot, view: view.number, group: index, count: count), &effects)
    }
  }

  /// Takes up the roles of a view, with the state that was held before, and asks for its fabric.
  mutating func begin(
    _ view: View, held: [HeldState], _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    let rank = membership.rank
    slots = view.subgroups.map { subgroup in
      let state = held.first { $0.role == subgroup.role }
      return ReplicaSlot.next(subgroup, rank: rank, view: view.number, held: state?.replica)
    }
    queues = view.subgroups.map { subgroup in
      held.first { $0.role == subgroup.role }?.queue ?? SubmissionQueue()
    }
    for index in queues.indices where !view.subgroups[index].senders.contains(rank) {
      // Another member has the role now: what waited here goes to it.
      for pending in queues[index].removeAll() { handOver(pending, into: &effects) }
    }
    dataView = view
    dataRank = rank
    beginJobs(view, now, into: &effects)
    let names = view.members.map(\.name).joined(separator: ", ")
    effects.append(.note("view \(view.number): \(names)"))
    effects.append(.form(view, rank: rank, ViewLayout(view, limits.sizes)))
    sendForwards(view, into: &effects)
  }
}
