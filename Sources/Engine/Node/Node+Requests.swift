// SPDX-License-Identifier: Apache-2.0
import Environment
import Membership
import Memory
import Replication
import Vocabulary

/// The coordinators are the first subgroup of each view.
let coordinators = 0

extension Node {
  mutating func take(
    _ request: Request, _ number: UInt64, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    switch request {
    case .submit(let bytes):
      guard bytes.withBytes({ (try? Submission.read($0)) != nil }) else {
        let text = "this is no submission: is the client of another version?"
        return effects.append(.answer(number, .malformed(text)))
      }
      guard bytes.count <= limits.sizes.submissionBytes else {
        let most = ByteCount(limits.sizes.submissionBytes)
        let text = "a submission of \(ByteCount(bytes.count)) is too large: \(most) at most"
        return effects.append(.answer(number, .malformed(text)))
      }
      submit(bytes, number, now, into: &effects)
    case .watch(let question): watch(question, number, now, into: &effects)
    case .read(let question): read(question, number, into: &effects)
    case .inquire(let inquiry): inquire(inquiry, number, now, into: &effects)
    case .status:
      effects.append(.answer(number, .status(status(now).encoded)))
    case .leave:
      effects.append(.answer(number, .leaving))
      leave(now, into: &effects)
    }
  }

  mutating func leave(_ now: UInt64, into effects: inout [NodeEffect]) {
    var changes: [MembershipEffect] = []
    membership.leave(now, into: &changes)
    carryOut(changes, now, into: &effects)
  }

  /// Why nothing can be done now; nil where something can.
  private func unavailability(_ now: UInt64) -> String? {
    guard membership.view != nil else { return membership.waits(now) ?? "this node joins" }
    return membership.reachesMajority(now) ? nil : membership.waits(now)
  }

  private mutating func submit(
    _ bytes: [UInt8], _ number: UInt64, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    if let reason = unavailability(now) {
      return effects.append(.answer(number, .unavailable(reason)))
    }
    guard isCoordinator else {
      return forward(.submit(bytes), number, to: .coordinators, into: &effects)
    }
    guard queues[coordinators].count < limits.submissions else {
      return effects.append(.answer(number, busy))
    }
    queues[coordinators].append(Pending(asker: .client(number), bytes: bytes))
  }

  private var busy: Reply {
    .busy("\(limits.submissions) submissions wait at this node already: send fewer at a time")
  }

  /// Whether this member takes submissions itself.
  var isCoordinator: Bool {
    membership.view?.subgroups[coordinators].senders.contains(membership.rank) ?? false
  }

  private mutating func watch(
    _ question: [UInt8], _ number: UInt64, _ now: UInt64, into effects: inout [NodeEffect]
  ) {
    if let reason = unavailability(now) {
      return effects.append(.answer(number, .unavailable(reason)))
    }
    guard isCoordinator else {
      return forward(.watch(question), number, to: .coordinators, into: &effects)
    }
    guard watches.count < limits.watches else {
      let text = "\(limits.watches) clients wait for changes at this node already"
      return effects.append(.answer(number, .busy(text)))
    }
    watches.append(Watch(number: number, question: question))
    askAgain(into: &effects)
  }

  /// Answers those who wait for a change that has come.
  mutating func askAgain(into effects: inout [NodeEffect]) {
    guard !watches.isEmpty, let replica = slots[coordinators].replica else { return }
    watches.removeAll { watch in
      let outcome = watch.question.withBytes { replica.ask($0) }
      guard outcome != .waits else { return false }
      effects.append(.answer(watch.number, .outcome(outcome)))
      return true
    }
  }

  /// Answers whoever asked.
  mutating func answer(_ asker: Asker, _ reply: Reply, into effects: inout [NodeEffect]) {
    switch asker {
    case .client(let number): effects.append(.answer(number, reply))
    case .nobody: break
    case .scheduler(let number): scheduling.applied = number
    case .node(let id, let number):
      forwards.taken.remove(asker)
      guard let view = membership.view, let rank = view.rank(of: id) else { return }
      let bytes = Envelope.reply(number, reply).encoded
      effects.append(.send(bytes, to: view.record(rank)))
    }
  }

  /// Tells all clients that nothing can be done. What was sent already may still happen.
  mutating func turnAwayAll(_ reason: String, into effects: inout [NodeEffect]) {
    for index in queues.indices {
      for asker in queues[index].turnAway() {
        answer(asker, .unavailable(reason), into: &effects)
      }
    }
    for watch in watches { effects.append(.answer(watch.number, .unavailable(reason))) }
    watches.removeAll()
    for number in forwards.removeAll() {
      effects.append(.answer(number, .unavailable(reason)))
    }
  }

  /// A stopped node answers, so that nobody waits for it.
  func refuseAll(_ inputs: [NodeInput], into effects: inout [NodeEffect]) {
    for input in inputs {
      switch input {
      case .request(let number, _):
        effects.append(.answer(number, .unavailable("this node has stopped")))
      case .formed(_, let fabric): fabric.close()
      default: break
      }
    }
  }
}
