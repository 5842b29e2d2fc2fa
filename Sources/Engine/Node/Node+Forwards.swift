// SPDX-License-Identifier: Apache-2.0
import Membership
import Memory
import Replication
import Vocabulary

/// Who can answer a request.
enum Addressee: Sendable {
  case coordinators
  case replicas(shard: Int)
  case scheduler
  case member(NodeID)
}

/// Requests of this node's clients that another node answers, and those of other nodes' clients
/// that this one does.
struct Forwards: Sendable {
  private struct Item: Sendable {
    let number: UInt64
    let client: UInt64
    let request: [UInt8]
    let addressee: Addressee
    /// How often it was passed on: to another replica each time.
    var tries = 0
  }

  /// In the order in which they came.
  private var items: [Item] = []
  private var numbers: UInt64 = 0
  /// Submissions of other nodes that are in the queue: those are written again.
  var taken: Set<Asker> = []

  var count: Int { items.count }

  /// Numbers a request of a client.
  mutating func append(_ request: [UInt8], client: UInt64, to addressee: Addressee) -> UInt64 {
    numbers += 1
    items.append(
      Item(number: numbers, client: client, request: request, addressee: addressee))
    return numbers
  }

  /// The client whose request was answered; nil where it was answered before.
  mutating func take(_ number: UInt64) -> UInt64? {
    guard let place = items.firstIndex(where: { $0.number == number }) else { return nil }
    return items.remove(at: place).client
  }

  /// What was not answered yet, on its way once more.
  mutating func again() -> [(number: UInt64, request: [UInt8], to: Addressee, tries: Int)] {
    for place in items.indices { items[place].tries += 1 }
    return items.map { ($0.number, $0.request, $0.addressee, $0.tries) }
  }

  mutating func abandon(_ clients: [UInt64]) { items.removeAll { clients.contains($0.client) } }

  /// Forgets all; returns their clients.
  mutating func removeAll() -> [UInt64] {
    defer { items.removeAll() }
    return items.map(\.client)
  }
}

extension Node {
  /// Passes a request of a client on to whoever can answer it.
  mutating func forward(
    _ request: Request, _ number: UInt64, to addressee: Addressee,
    into effects: inout [NodeEffect]
  ) {
    guard let view = membership.view else { return }
    guard forwards.count < limits.submissions else {
      let text = "\(limits.submissions) requests wait at this node already: send fewer at a time"
      return effects.append(.answer(number, .busy(text)))
    }
    guard let target = target(view, addressee, tries: 0) else {
      return effects.append(.answer(number, notMember))
    }
    let bytes = request.encoded
    let own = forwards.append(bytes, client: number, to: addressee)
    effects.append(.send(Envelope.forward(own, bytes).encoded, to: view.record(target)))
  }

  /// Passes on again what was not answered: the letter may be lost, or its reader gone.
  mutating func sendForwards(_ view: View, into effects: inout [NodeEffect]) {
    guard forwards.count > 0 else { return }
    for (number, request, addressee, tries) in forwards.again() {
      if let target = target(view, addressee, tries: tries) {
        effects.append(
          .send(Envelope.forward(number, request).encoded, to: view.record(target)))
      } else {
        takeReply(notMember, number, into: &effects)
      }
    }
  }

  private var notMember: Reply { .unavailable("the node that was asked for is no member any more") }

  /// Nil where nobody is left.
  private func target(_ view: View, _ addressee: Addressee, tries: Int) -> Rank? {
    switch addressee {
    case .coordinators: return coordinator(view)
    case .scheduler: return scheduler(of: view)
    case .member(let id): return view.rank(of: id)
    case .replicas(let shard):
      let role = Role.shard(shard)
      guard let subgroup = view.subgroups.first(where: { $0.role == role }) else { return nil }
      let replicas = Array(subgroup.receivers)
      return replicas[(membership.rank.index + tries) % replicas.count]
    }
  }

  /// The coordinator that answers this node's clients: they are spread over all of them.
  private func coordinator(_ view: View) -> Rank {
    let senders = view.subgroups[coordinators].senders
    return senders[membership.rank.index % senders.count]
  }

  /// A node passes a request of its client on.
  mutating func takeForward(
    _ bytes: [UInt8], from sender: NodeID, _ number: UInt64, _ now: UInt64,
    into effects: inout [NodeEffect]
  ) {
    let asker = Asker.node(sender, number)
    let request = Request(bytes)
    guard membership.view?.rank(of: sender) != nil else { return }
    switch request {
    case .read(let question):
      if let reply = section(question) { answer(asker, reply, into: &effects) }
    case .inquire(let inquiry):
      if let reply = reply(to: inquiry) { answer(asker, reply, into: &effects) }
      leaveIfDrained(inquiry, now, into: &effects)
    case .submit(let submission):
      guard isCoordinator, !forwards.taken.contains(asker),
        queues[coordinators].count < limits.submissions
      else { return }
      forwards.taken.insert(asker)
      queues[coordinators].append(Pending(asker: asker, bytes: submission))
    case .watch(let question):
      guard isCoordinator, let replica = slots[coordinators].replica else { return }
      let outcome = question.withBytes { replica.ask($0) }
      // It asks again, so nothing has to be remembered.
      if outcome != .waits { answer(asker, .outcome(outcome), into: &effects) }
    default: effects.append(.note("node \(sender) passed on what is no request"))
    }
  }

  mutating func takeReply(_ reply: Reply, _ number: UInt64, into effects: inout [NodeEffect]) {
    guard let client = forwards.take(number) else { return }
    effects.append(.answer(client, reply))
  }

  /// What waited at this node for a role that it no longer has.
  mutating func handOver(_ pending: Pending, into effects: inout [NodeEffect]) {
    switch pending.asker {
    case .client(let number):
      forward(.submit(pending.bytes), number, to: .coordinators, into: &effects)
    // Its node passes it on again.
    case .node: forwards.taken.remove(pending.asker)
    case .nobody, .scheduler: break
    }
  }
}
