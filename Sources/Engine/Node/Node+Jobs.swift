// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Environment
import Membership
import Memory
import Multicast
import Replication
package import Vocabulary

/// The commands of this node's schedulers, as the coordinators see them: those of one client.
struct SchedulingSession: Sendable {
  /// Commands that were made.
  var made: UInt64 = 0
  /// The last one that was applied. Those of a view that ended may have got lost on the way.
  var applied: UInt64 = 0
}

/// Where jobs meet the rest of the node.
extension Node {
  /// The view as the workshop sees it.
  private func clusterView(_ view: View) -> ClusterView {
    let shards = view.subgroups.filter { $0.role.isShard }
    let coordinator = view.subgroups[coordinators]
    let scheduler = coordinator.holders.first ?? coordinator.senders[0]
    return ClusterView(
      number: view.number, members: view.members.map(\.id),
      receivers: shards.map { $0.receivers.map { view.record($0).id } },
      scheduler: view.record(scheduler).id, inadequacy: view.inadequacy)
  }

  /// What the coordinators know together, where this node is one and has it.
  package var coordination: Coordination? {
    slots.isEmpty ? nil : slots[coordinators].replica?.machine
  }

  /// Jobs go on in a view.
  mutating func beginJobs(_ view: View, _ now: UInt64, into effects: inout [NodeEffect]) {
    guard workshop != nil else { return }
    var wanted: [WorkshopEffect] = []
    let known = coordination
    let time = Time(now: now, clock: clock)
    let cluster = clusterView(view)
    workshop?.begin(cluster, known, time, into: &wanted)
    carryOut(wanted, now, into: &effects)
  }

  /// A turn of jobs: decides, gives tasks to executors, and tells how far this node is.
  mutating func stepJobs(_ now: UInt64, into effects: inout [NodeEffect]) {
    guard workshop != nil, let plane, let columns = plane.layout.steps, !membership.isWedged,
      let view = dataView
    else { return }
    var wanted: [WorkshopEffect] = []
    let rows = StepRows(columns: columns, table: plane.member.table, view: view)
    let known = coordination
    let time = Time(now: now, clock: clock)
    workshop?.step(known, rows, time, into: &wanted)
    if let workshop { columns.publish(workshop.cells, slots: limits.slots, to: &plane.member) }
    submitCommands()
    carryOut(wanted, now, into: &effects)
  }

  /// Hands the scheduler's commands to the coordinators' order.
  private mutating func submitCommands() {
    guard let commands = workshop?.takeCommands() else { return }
    for command in commands {
      scheduling.made += 1
      let id = CommandID(
        session: membership.record.id, number: scheduling.made,
        acknowledged: scheduling.applied)
      var content = ByteBuffer()
      command.write(into: &content)
      var out = ByteBuffer()
      Submission.command(id, content.bytes).write(into: &out)
      queues[coordinators].append(
        Pending(asker: .scheduler(scheduling.made), bytes: Array(out.bytes)))
    }
  }

  /// A message about jobs, at its place in the order of its subgroup.
  mutating func takeJobs(
    _ message: Message, _ role: Role, from sender: NodeID, _ now: UInt64,
    into effects: inout [NodeEffect]
  ) {
    var wanted: [WorkshopEffect] = []
    do throws(ByteReader.Damaged) {
      switch role {
      case .control:
        let told = try ControlMessage.read(message.bytes)
        workshop?.take(told, from: sender, Time(now: now, clock: clock), into: &wanted)
      case .shard(let shard):
        try workshop?.take(shard: shard, message.bytes, into: &wanted)
      case .coordinator: break
      }
    } catch {
      effects.append(.note("node \(sender) sent to \(role) what is no message about jobs"))
    }
    carryOut(wanted, now, into: &effects)
    noteStock(into: &effects)
  }

  /// Tells the membership of which shards all runs are here. Where a step that this replica had no
  /// part in leaves runs behind, they are not, until they have come.
  private mutating func noteStock(into effects: inout [NodeEffect]) {
    guard let view = dataView, workshop?.isStockKnown == true, let stocked = workshop?.stocked
    else { return }
    for index in view.subgroups.indices {
      guard case .shard(let shard) = view.subgroups[index].role else { continue }
      let holds = stocked.contains(shard)
      guard membership.holds[index] != holds else { continue }
      membership.holds[index] = holds
      if holds, view.subgroups[index].receivers.contains(dataRank) {
        trace(.transferred(view: view.number, group: index), &effects)
      }
    }
    heldShards = stocked
  }

  /// A view begins. A shard that was taken from this node is still here: should those who have it
  /// now be lost before it has come to them, this node is given it again.
  mutating func carryShards(into view: View) {
    var held: [Int] = []
    for index in view.subgroups.indices {
      guard case .shard(let shard) = view.subgroups[index].role else { continue }
      if !view.subgroups[index].receivers.contains(membership.rank) {
        membership.holds[index] = heldShards.contains(shard)
      }
      if membership.holds[index] { held.append(shard) }
    }
    heldShards = held
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

  /// What each job that is not over waits for, where this node schedules.
  var waitingJobs: [String] {
    guard workshop?.scheduler != nil, let jobs = coordination?.jobs.jobs else { return [] }
    return jobs.filter { !$0.phase.isOver }.prefix(Self.waitingJobsMaximum).compactMap { job in
      waits(job.id).map { "job \(job.id), \(job.phase): \($0)" }
    }
  }

  private static let waitingJobsMaximum = 20

  /// Whether little waits to be told to all members: then a piece of an executable may go, too.
  package var hasRoomForCode: Bool {
    workshop.map { $0.messages.waitingBytes < limits.sizes.blockRingBytes / 4 } ?? false
  }

  /// Bytes of a run that is here; nil where it is not.
  func runs(_ question: RunQuestion) -> Reply? {
    workshop?.shelf.run(question.step, question.partition).map {
      .outcome(.done($0.bytes(from: question.offset)))
    }
  }

  /// A client reads a run.
  mutating func read(
    _ question: RunQuestion, _ number: UInt64, into effects: inout [NodeEffect]
  ) {
    if let reply = runs(question) { return effects.append(.answer(number, reply)) }
    guard let map = workshop?.view?.map else {
      return effects.append(.answer(number, .unavailable("this node has no shards")))
    }
    let shard = map.shard(of: question.partition)
    forward(.read(question), number, shard: shard, into: &effects)
  }

  /// Sends what jobs want sent, as far as there is room. True where it did.
  mutating func sendJobs(
    _ groups: inout [Subgroup], _ view: View, _ now: UInt64
  ) -> Bool {
    guard workshop != nil else { return false }
    var hasSent = false
    for index in view.subgroups.indices where groups[index].isSender {
      switch view.subgroups[index].role {
      case .coordinator: continue
      case .control: if sendMessages(&groups[index], now) { hasSent = true }
      case .shard(let shard): if sendParcels(shard, &groups[index]) { hasSent = true }
      }
    }
    return hasSent
  }

  private mutating func sendMessages(_ group: inout Subgroup, _ now: UInt64) -> Bool {
    var hasSent = false
    _ = workshop?.messages.takeDelivered(group.deliveredTurns)
    while let message = workshop?.messages.next(0).items.first {
      let bytes = message.encoded
      guard bytes.count <= limits.sizes.blockRingBytes / 2 else {
        workshop?.messages.dropNext()
        workshop?.refuse(message, bytes.count, Time(now: now, clock: clock))
        continue
      }
      guard let place = group.reserve(bytes.count) else { break }
      bytes.withBytes { place.segment.write($0, at: place.offset) }
      group.commit()
      workshop?.messages.markSent(1, turn: group.usedTurns - 1)
      hasSent = true
    }
    return hasSent
  }

  private mutating func sendParcels(_ shard: Int, _ group: inout Subgroup) -> Bool {
    var hasSent = false
    if let delivered = workshop?.parcels[shard].takeDelivered(group.deliveredTurns) {
      workshop?.delivered(delivered)
    }
    while let (parcels, count) = workshop?.parcels[shard].next(limits.sizes.parcelBytes),
      !parcels.isEmpty, let place = group.reserve(count)
    {
      var offset = place.offset
      for parcel in parcels {
        parcel.header.withBytes { place.segment.write($0, at: offset) }
        offset += parcel.header.count
        if let block = parcel.block { place.segment.write(block.bytes, at: offset) }
        offset += parcel.block?.count ?? 0
      }
      group.commit()
      workshop?.parcels[shard].markSent(parcels.count, turn: group.usedTurns - 1)
      hasSent = true
    }
    return hasSent
  }

  /// The view is over: what it does not deliver is sent again in the next one.
  mutating func endJobs(_ groups: [Subgroup], _ view: View, _ decision: Decision) {
    guard workshop != nil else { return }
    for index in view.subgroups.indices where groups[index].isSender {
      let turns = groups[index].ownTurns(in: decision.trims[index])
      switch view.subgroups[index].role {
      case .coordinator: continue
      case .control: _ = workshop?.messages.endView(turns) { $0.outlivesView }
      case .shard(let shard):
        if let delivered = workshop?.parcels[shard].endView(turns, { _ in true }) {
          workshop?.delivered(delivered)
        }
      }
    }
  }

  mutating func carryOut(
    _ wanted: [WorkshopEffect], _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    for effect in wanted {
      switch effect {
      case .leave:
        var changes: [MembershipEffect] = []
        membership.leave(now, into: &changes)
        carryOut(changes, now, into: &effects)
      default: effects.append(.jobs(effect))
      }
    }
  }
}

extension Role {
  var isShard: Bool { if case .shard = self { true } else { false } }
}
