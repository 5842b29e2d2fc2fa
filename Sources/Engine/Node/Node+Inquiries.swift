// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Membership
import Multicast
import Replication
package import Vocabulary

/// What people want to know of a member.
extension Node {
  /// A client inquires: answered here, or by the member that knows.
  mutating func inquire(
    _ inquiry: Inquiry, _ number: UInt64, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    guard let view = membership.view else {
      let reason = membership.waits(now) ?? "this node joins"
      return effects.append(.answer(number, .unavailable(reason)))
    }
    let own = membership.record.id
    switch inquiry {
    case .waits where scheduler(of: view) != membership.rank:
      forward(.inquire(inquiry), number, to: .scheduler, into: &effects)
    case .output(_, let node) where node != own, .work(let node) where node != own,
      .drain(let node) where node != own:
      forward(.inquire(inquiry), number, to: .member(node), into: &effects)
    default:
      let none = Reply.unavailable("this node does not know yet: ask again")
      effects.append(.answer(number, reply(to: inquiry) ?? none))
      leaveIfDrained(inquiry, now, into: &effects)
    }
  }

  /// What this member answers; nil where it does not know yet.
  func reply(to inquiry: Inquiry) -> Reply? {
    switch inquiry {
    case .waits(let job): waits(job).map { Inquiry.answer([$0]) }
    case .output(let job, _): Inquiry.answer(workshop?.output.lines(of: job) ?? [])
    case .work: Inquiry.answer(workshop?.text ?? ["this cluster has no shards: no jobs run"])
    case .drain:
      isLast
        ? .outcome(.refused("it is the last member: stop it, and its results are gone"))
        : Inquiry.answer([])
    }
  }

  private var isLast: Bool { membership.view?.members.count == 1 }

  mutating func leaveIfDrained(
    _ inquiry: Inquiry, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    guard case .drain = inquiry, !isLast, !membership.isLeaving else { return }
    leave(now, into: &effects)
  }

  /// What a job that is not over waits for, where this node schedules; nil where it does not.
  package func waits(_ job: JobID) -> String? {
    guard let plane, let columns = plane.layout.steps, let view = dataView,
      let workshop, let scheduler = workshop.scheduler
    else { return nil }
    let rows = StepRows(columns: columns, table: plane.member.table, view: view)
    return scheduler.waits(job, workshop.board, rows) { id in
      view.rank(of: id).map { view.record($0).name } ?? "\(id)"
    }
  }
}
