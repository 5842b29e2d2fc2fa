// SPDX-License-Identifier: Apache-2.0
package import Dataflow
import Environment
package import Exchange
import Membership
import Memory
import Multicast
import Replication
import Vocabulary

/// The commands of this node's schedulers, as the coordinators see them: those of one client.
struct SchedulingSession: Sendable {
  /// Commands that were made.
  var made: UInt64 = 0
  /// The last one that was applied. Those of a view that ended may have got lost on the way.
  var applied: UInt64 = 0
}

/// Where jobs meet the rest of the node.
extension Node {
  func scheduler(of view: View) -> Rank {
    let coordinator = view.subgroups[coordinators]
    return coordinator.holders.first ?? coordinator.senders[0]
  }

  /// The view as the workshop sees it.
  private func clusterView(_ view: View) -> ClusterView {
    let shards = view.subgroups.filter { $0.role.isShard }
    return ClusterView(
      number: view.number, members: view.members.map(\.id),
      receivers: shards.map { $0.receivers.map { view.record($0).id } },
      scheduler: view.record(scheduler(of: view)).id, inadequacy: view.inadequacy)
  }

  /// What the coordinators know together, where this node is one and has it.
  package var coordination: Coordination? {
    slots.isEmpty ? nil : slots[coordinators].replica?.machine
  }

  /// Whether a job that is not over needs an executable, as far as this node knows. Coordinators
  /// know of all jobs, so that one of them has it when a job's turn comes.
  package func isNeeded(_ code: CodeDigest) -> Bool {
    if workshop?.isUsing(code) == true { return true }
    let jobs = coordination?.jobs.jobs ?? []
    return jobs.contains { !$0.phase.isOver && $0.spec.code == code }
  }

  /// Jobs go on in a view.
  mutating func beginJobs(_ view: View, _ now: UInt64, into effects: inout [NodeEffect]) {
    guard workshop != nil else { return }
    var wanted: [WorkshopEffect] = []
    let known = coordination
    let time = Time(now: now, clock: clock)
    let cluster = clusterView(view)
    workshop?.begin(cluster, known, time, into: &wanted)
    carryOut(wanted, into: &effects)
  }

  /// A turn of jobs: decides, gives tasks to executors, and tells how far this node is.
  mutating func stepJobs(_ now: UInt64, into effects: inout [NodeEffect]) {
    guard workshop != nil, let plane, let columns = plane.layout.steps, !membership.isWedged,
      !plane.member.isWedged, let view = dataView
    else { return }
    var wanted: [WorkshopEffect] = []
    let rows = StepRows(columns: columns, table: plane.member.table, view: view)
    let known = workshop?.scheduler == nil ? nil : coordination
    let time = Time(now: now, clock: clock)
    workshop?.step(known, rows, time, into: &wanted)
    if let cells = workshop?.cells {
      columns.publish(cells, slots: limits.slots, to: &plane.member)
    }
    submitCommands()
    carryOut(wanted, into: &effects)
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
    carryOut(wanted, into: &effects)
    noteStock(into: &effects)
  }

  /// Tells the membership of shards whose runs are all here.
  private mutating func noteStock(into effects: inout [NodeEffect]) {
    guard let view = dataView, let stocked = workshop?.stocked else { return }
    for index in view.subgroups.indices where membership.holds[index] == false {
      guard case .shard(let shard) = view.subgroups[index].role, stocked.contains(shard) else {
        continue
      }
      membership.holds[index] = true
      trace(.transferred(view: view.number, group: index), &effects)
    }
  }

  /// Whether executors of this node are at work: then the processor is theirs.
  package var isComputing: Bool { workshop?.isComputing ?? false }

  /// Whether little waits to be told to all members: then a piece of an executable may go, too.
  package var hasRoomForCode: Bool {
    workshop.map { $0.messages.waitingBytes < limits.sizes.blockRingBytes / 4 } ?? false
  }

  /// A section of a run that is here, or why it cannot be had; nil where others may have it.
  func section(_ question: RunQuestion) -> Reply? {
    guard let workshop else { return nil }
    if let run = workshop.shelf.run(question.step, question.partition) {
      return .outcome(.done(run.section(from: question.start).encoded))
    }
    guard workshop.hasExpired(question.step) else { return nil }
    return .outcome(
      .refused("these records are not kept any more: the version has expired, or its job ended"))
  }

  /// A client reads a run.
  mutating func read(
    _ question: RunQuestion, _ number: UInt64, into effects: inout [NodeEffect]
  ) {
    if let reply = section(question) { return effects.append(.answer(number, reply)) }
    guard let map = workshop?.view?.map else {
      return effects.append(.answer(number, .unavailable("this node has no shards")))
    }
    let shard = map.shard(of: question.partition)
    forward(.read(question), number, to: .replicas(shard: shard), into: &effects)
  }

  /// Sends what jobs want sent, as far as there is room. True where it did.
  mutating func sendJobs(
    _ groups: inout [Subgroup], _ view: View, _ now: UInt64
  ) -> Bool {
    guard let told = workshop?.cells else { return false }
    var hasSent = false
    for index in view.subgroups.indices where groups[index].isSender {
      switch view.subgroups[index].role {
      case .coordinator: continue
      case .control: if sendMessages(&groups[index], now) { hasSent = true }
      case .shard(let shard): if sendParcels(shard, &groups[index]) { hasSent = true }
      }
    }
    // Splits that others have delivered by now are to be told of, though nothing was sent.
    return hasSent || workshop?.cells != told
  }

  private mutating func sendMessages(_ group: inout Subgroup, _ now: UInt64) -> Bool {
    var hasSent = false
    while let message = workshop?.nextMessage(delivered: group.deliveredTurns) {
      let bytes = message.encoded
      guard bytes.count <= limits.sizes.blockRingBytes / 2 else {
        workshop?.dropMessage()
        workshop?.refuse(message, bytes.count, Time(now: now, clock: clock))
        continue
      }
      guard let place = group.reserve(bytes.count) else { break }
      bytes.withBytes { place.segment.write($0, at: place.offset) }
      group.commit()
      workshop?.messageSent(turn: group.usedTurns - 1)
      hasSent = true
    }
    return hasSent
  }

  private mutating func sendParcels(_ shard: Int, _ group: inout Subgroup) -> Bool {
    var hasSent = false
    let most = limits.sizes.parcelBytes
    while let (parcels, count) = workshop?.nextParcels(
      shard, delivered: group.deliveredTurns, atMost: most),
      let place = group.reserve(count)
    {
      var offset = place.offset
      for parcel in parcels {
        parcel.header.withBytes { place.segment.write($0, at: offset) }
        offset += parcel.header.count
        if let block = parcel.block {
          place.segment.write(block.bytes, at: offset)
          block.letGo()
        }
        offset += parcel.block?.count ?? 0
      }
      group.commit()
      workshop?.parcelsSent(shard, parcels.count, turn: group.usedTurns - 1)
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
      case .control: workshop?.endMessages(turns)
      case .shard(let shard): workshop?.endParcels(shard, turns)
      }
    }
  }

  func carryOut(_ wanted: [WorkshopEffect], into effects: inout [NodeEffect]) {
    for effect in wanted { effects.append(.jobs(effect)) }
  }
}

extension Role {
  var isShard: Bool { if case .shard = self { true } else { false } }
}
