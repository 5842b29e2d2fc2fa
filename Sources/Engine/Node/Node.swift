// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Environment
package import Membership
package import Memory
import Multicast
import Replication
package import Vocabulary

/// A node: all of its cores, stepped in a fixed order. The same in production and in the simulator,
/// which differ in the fabric and in who carries inputs and effects.
///
/// A step takes in what came (letters, requests, news of the fabric), then the data plane takes a
/// turn (receive, deliver, apply, send, publish), then time passes for the membership. Letters come
/// before time, so that a node that was kept from running does not suspect those whose letters
/// wait.
package struct Node: ~Copyable {
  package internal(set) var membership: Membership
  /// By subgroup of the view.
  var slots: [ReplicaSlot] = []
  var queues: [SubmissionQueue] = []
  var plane: DataPlane?
  var watches: [Watch] = []
  var forwards = Forwards()
  /// Nil where the cluster has no shards: then no jobs run.
  package internal(set) var workshop: Workshop?
  var scheduling = SchedulingSession()
  /// Microseconds since 1970, as of the last step.
  var clock: UInt64 = 0
  /// The view that the slots and queues are of. The membership may be one ahead while it installs.
  var dataView: View?
  var dataRank = Rank(0)
  private var nextForwards: UInt64 = 0
  let limits: NodeLimits
  /// Whether effects tell each step, for checkers.
  let isObserved: Bool

  package init(
    _ record: MemberRecord, cluster: NodeID, settings: MembershipSettings,
    limits: NodeLimits = NodeLimits(), memory: any BlockSource, isObserved: Bool = false,
    now: UInt64, into effects: inout [NodeEffect]
  ) {
    self.limits = limits
    self.isObserved = isObserved
    membership = Membership(record, cluster: cluster, settings: settings, now: now)
    if isObserved { membership.steps = [] }
    if settings.rules.shards > 0 {
      workshop = Workshop(
        record.id, slots: limits.slots, retention: limits.retention,
        byteMaximum: limits.sizes.blockRingBytes / 2, foldBytes: limits.foldBytes, memory: memory)
    }
    if let view = membership.view { begin(view, held: [], now, into: &effects) }
  }

  /// One step. True where something was done: then another step may find more to do.
  ///
  /// `clock` is in microseconds since 1970, and only tells people when something was.
  package mutating func step(
    _ now: UInt64, clock: UInt64, _ inputs: [NodeInput], into effects: inout [NodeEffect]
  ) -> Bool {
    self.clock = clock
    guard membership.stopped == nil else {
      refuseAll(inputs, into: &effects)
      return false
    }
    for input in inputs { take(input, now, into: &effects) }
    plane?.poll()
    stepJobs(now, into: &effects)
    let hasWorked = turn(now, into: &effects)
    var changes: [MembershipEffect] = []
    membership.tick(now, into: &changes)
    carryOut(changes, now, into: &effects)
    tellUnavailable(now, into: &effects)
    if now >= nextForwards, let view = membership.view {
      nextForwards = now &+ 2 &* membership.settings.heartbeat
      sendForwards(view, into: &effects)
    }
    return hasWorked || !inputs.isEmpty
  }

  /// When the next step is due, where nothing comes before.
  package var deadline: UInt64 { membership.deadline }
  package var view: View? { membership.view }
  package var stopped: StopReason? { membership.stopped }
  package var isFormed: Bool { plane != nil }

  private mutating func take(
    _ input: NodeInput, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    var changes: [MembershipEffect] = []
    switch input {
    case .letter(let sender, let bytes):
      switch bytes.withBytes({ Envelope($0) }) {
      case .letter(let letter): membership.receive(letter, from: sender, now, into: &changes)
      case .forward(let number, let submission):
        takeForward(submission, from: sender, number, now, into: &effects)
      case .reply(let number, let reply): takeReply(reply, number, into: &effects)
      case nil: effects.append(.note("node \(sender) wrote what is no letter"))
      }
    case .unreachable(let id, let isGone):
      membership.unreachable(id, isGone: isGone, now, into: &changes)
    case .request(let number, let request): take(request, number, now, into: &effects)
    case .abandoned(let numbers):
      watches.removeAll { numbers.contains($0.number) }
      forwards.abandon(numbers)
    case .formed(let view, let fabric): takeFabric(fabric, of: view)
    case .jobs(let input):
      var wanted: [WorkshopEffect] = []
      workshop?.take(input, Time(now: now, clock: clock), into: &wanted)
      carryOut(wanted, into: &effects)
    case .unformed(let number, let unmet, let reason):
      guard number == membership.view?.number else { return }
      effects.append(.note("view \(number) has no fabric: \(reason)"))
      membership.broken(unmet: unmet, wasFormed: false, now, into: &changes)
    }
    carryOut(changes, now, into: &effects)
  }

  /// The fabric of a view stands. It is of no use where that view is over already.
  private mutating func takeFabric(_ fabric: any Fabric, of number: UInt64) {
    guard let view = membership.view, view.number == number, !membership.isWedged, plane == nil
    else { return fabric.close() }
    plane = DataPlane(ViewLayout(view, limits.sizes), fabric)
  }

  /// Does what the membership wants, in its order.
  mutating func carryOut(
    _ changes: [MembershipEffect], _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    traceSteps(&effects)
    for change in changes {
      switch change {
      case .send(let letter, let member):
        effects.append(.send(Envelope.letter(letter).encoded, to: member))
      case .ask(let letter, let address):
        effects.append(.ask(Envelope.letter(letter).encoded, address: address))
      case .wedge:
        var more: [MembershipEffect] = []
        membership.wedged(at: wedge(), now, into: &more)
        carryOut(more, now, into: &effects)
      case .install(let decision): install(decision, now, into: &effects)
      case .forget(let id): effects.append(.forget(id))
      case .stop(let reason): stop(reason, into: &effects)
      }
    }
  }

  private mutating func wedge() -> FinalColumns {
    plane?.wedge()
    let count = slots.count
    let received = plane.map { plane in Array(plane.member.received.prefix(count)) }
    return FinalColumns(
      received: received ?? [UInt64](repeating: 0, count: count), holds: membership.holds)
  }

  private mutating func stop(_ reason: StopReason, into effects: inout [NodeEffect]) {
    turnAwayAll("this node \(reason)", into: &effects)
    if let plane { plane.fabric.close() }
    plane = nil
    effects.append(.stop(reason))
  }

  /// Turns clients away while no majority is heard.
  private mutating func tellUnavailable(_ now: UInt64, into effects: inout [NodeEffect]) {
    guard !membership.reachesMajority(now), let reason = membership.waits(now) else { return }
    turnAwayAll(reason, into: &effects)
  }

  /// Tells what the membership did, before its effects change the view.
  private mutating func traceSteps(_ effects: inout [NodeEffect]) {
    guard let steps = membership.steps, !steps.isEmpty else { return }
    for (view, step) in steps { effects.append(.traced(.change(view: view, step))) }
    membership.steps = []
  }
}
