// SPDX-License-Identifier: Apache-2.0
import Membership
import Memory
import Replication
import Vocabulary

/// Requests of this node's clients that a coordinator answers, and those of other nodes' clients
/// that this one does.
struct Forwards: Sendable {
  private struct Item: Sendable {
    let number: UInt64
    let client: UInt64
    let request: [UInt8]
    /// Whose replicas answer it; nil: the coordinators.
    let shard: Int?
    /// How often it was passed on: to another replica each time.
    var tries = 0
  }

  /// How often each replica of a shard is asked in vain before the client is told.
  private static let rounds = 4

  /// In the order in which they came.
  private var items: [Item] = []
  private var numbers: UInt64 = 0
  /// Submissions of other nodes that are in the queue: those are written again.
  var taken: Set<Asker> = []

  var count: Int { items.count }

  /// Numbers a request of a client.
  mutating func append(_ request: [UInt8], client: UInt64, shard: Int?) -> UInt64 {
    numbers += 1
    items.append(Item(number: numbers, client: client, request: request, shard: shard))
    return numbers
  }

  /// The client whose request was answered; nil where it was answered before.
  mutating func take(_ number: UInt64) -> UInt64? {
    guard let place = items.firstIndex(where: { $0.number == number }) else { return nil }
    return items.remove(at: place).client
  }

  /// What was not answered yet, on its way once more.
  mutating func again() -> [(number: UInt64, request: [UInt8], shard: Int?, tries: Int)] {
    for place in items.indices { items[place].tries += 1 }
    return items.map { ($0.number, $0.request, $0.shard, $0.tries) }
  }

  /// Takes out questions that were passed on to the replicas of a shard so often that none of them
  /// can answer. `replicas`: how many a shard has.
  mutating func takeHopeless(replicas: (Int) -> Int) -> [(client: UInt64, shard: Int)] {
    var found: [(client: UInt64, shard: Int)] = []
    items.removeAll { item in
      guard let shard = item.shard, item.tries >= Self.rounds * replicas(shard) else {
        return false
      }
      found.append((item.client, shard))
      return true
    }
    return found
  }

  mutating func abandon(_ clients: [UInt64]) { items.removeAll { clients.contains($0.client) } }

  /// Forgets all; returns their clients.
  mutating func removeAll() -> [UInt64] {
    defer { items.removeAll() }
    return items.map(\.client)
  }
}

extension Node {
  /// Passes a request of a client on to a coordinator, or to a replica of a shard.
  mutating func forward(
    _ request: Request, _ number: UInt64, shard: Int? = nil,
    into effects: inout [NodeEffect]
  ) {
    guard let view = membership.view else { return }
    guard forwards.count < limits.submissions else {
      let text = "\(limits.submissions) requests wait at this node already: send fewer at a time"
      return effects.append(.answer(number, .busy(text)))
    }
    let bytes = request.encoded
    let own = forwards.append(bytes, client: number, shard: shard)
    let target = view.record(target(view, shard, tries: 0))
    effects.append(.send(Envelope.forward(own, bytes).encoded, to: target))
  }

  /// Passes on again what was not answered: the letter may be lost, or the coordinator gone.
  mutating func sendForwards(_ view: View, into effects: inout [NodeEffect]) {
    guard forwards.count > 0 else { return }
    let hopeless = forwards.takeHopeless { shard in
      view.subgroups.first { $0.role == .shard(shard) }?.receivers.count ?? 1
    }
    for (client, shard) in hopeless {
      let text = "no replica of shard \(shard) gives these records: the version may have expired"
      effects.append(.answer(client, .unavailable(text)))
    }
    for (number, request, shard, tries) in forwards.again() {
      let target = view.record(self.target(view, shard, tries: tries))
      effects.append(.send(Envelope.forward(number, request).encoded, to: target))
    }
  }

  private func target(_ view: View, _ shard: Int?, tries: Int) -> Rank {
    let role = shard.map { Role.shard($0) }
    guard let role, let subgroup = view.subgroups.first(where: { $0.role == role }) else {
      return coordinator(view)
    }
    let replicas = Array(subgroup.receivers)
    return replicas[(membership.rank.index + tries) % replicas.count]
  }

  /// The coordinator that answers this node's clients: they are spread over all of them.
  private func coordinator(_ view: View) -> Rank {
    let senders = view.subgroups[coordinators].senders
    return senders[membership.rank.index % senders.count]
  }

  /// A node passes a request of its client on.
  mutating func takeForward(
    _ bytes: [UInt8], from sender: NodeID, _ number: UInt64, into effects: inout [NodeEffect]
  ) {
    let asker = Asker.node(sender, number)
    let request = Request(bytes)
    if case .read(let question) = request, membership.view?.rank(of: sender) != nil {
      if let reply = runs(question) { answer(asker, reply, into: &effects) }
      return
    }
    guard isCoordinator, membership.view?.rank(of: sender) != nil, !forwards.taken.contains(asker)
    else { return }
    switch request {
    case .submit(let submission):
      guard queues[coordinators].count < limits.submissions else { return }
      forwards.taken.insert(asker)
      queues[coordinators].append(Pending(asker: asker, bytes: submission))
    case .watch(let question):
      guard let replica = slots[coordinators].replica else { return }
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
    case .client(let number): forward(.submit(pending.bytes), number, into: &effects)
    // Its node passes it on again.
    case .node: forwards.taken.remove(pending.asker)
    case .nobody, .scheduler: break
    }
  }
}
