// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Environment
import Membership
import Memory
import Replication
import Vocabulary

extension ClusterRun {
  /// Something that was put off comes about.
  func happen(_ event: Event) {
    switch event {
    case .letter(let to, let from, let bytes):
      if nodes[to].isAlive { nodes[to].put(.letter(from: from, bytes)) }
    case .input(let to, let input):
      if nodes[to].isAlive { nodes[to].put(input) }
    case .resume(let index): note("\(nodes[index].record.name) runs again")
    case .mend(let id): mend(id)
    case .form(let room, let rank): finishForming(room, rank)
    case .report(let room, let peer, let rank):
      room.network.report(peer, to: rank, "its process or its link is gone")
    case .client(let index): act(index)
    case .submitter(let index, let plan): if submitters[index].plan == plan { submitJob(index) }
    case .reader(let index, let plan): if readers[index].plan == plan { actReader(index) }
    case .told(let index, let slot, let life, let number, let report):
      self.report(index, slot, life, number, report)
    case .giveUp(let index, let request):
      guard clients[index].request == request else { return }
      askers[request] = nil
      clients[index].request = nil
      submit(index)
    case .unformed(let room, let rank): giveUpForming(room, rank)
    }
  }

  private func finishForming(_ room: FabricRoom, _ rank: Rank) {
    let member = room.view.record(rank)
    guard let index = index(of: member.id), nodes[index].isAlive else { return }
    room.formed.insert(rank)
    let node = nodes[index]
    // A member that gave it up, or died, before the others came.
    let isHere = node.room === room
    for other in room.view.ranks.removing(rank) where !room.network.alive.contains(other) {
      let delay = UInt64(100_000 + random.below(1_500_000))
      events.add(.report(room, peer: other, to: rank), at: time + delay)
    }
    guard isHere else { return }
    let fabric = room.network.fabrics[rank.index]
    node.put(.formed(view: room.view.number, isLate ? LateFabric(fabric) : fabric))
  }

  private func giveUpForming(_ room: FabricRoom, _ rank: Rank) {
    guard !room.stands, let index = index(of: room.view.record(rank).id), nodes[index].isAlive,
      nodes[index].room === room
    else { return }
    let missing = room.view.ranks.subtracting(room.present)
    let input = NodeInput.unformed(
      view: room.view.number, missing, reason: "\(room.view.names(missing)) did not come")
    nodes[index].put(input)
  }

  // MARK: Clients

  /// A client begins something.
  private func act(_ index: Int) {
    guard clients[index].operation == nil else { return }
    guard clients[index].left > 0 || isHealing && history.isEmpty else { return }
    clients[index].left -= 1
    let operation = clients[index].begin(&random, step: steps, number: history.count)
    clients[index].operation = history.count
    history.append(operation)
    submit(index)
  }

  /// Sends a client's operation to a node.
  private func submit(_ index: Int) {
    guard clients[index].operation != nil else { return }
    let alive = nodes.indices.filter { nodes[$0].isAlive }
    requests += 1
    clients[index].request = requests
    let patience = UInt64(5_000_000 + random.below(60_000_000))
    events.add(.giveUp(index, request: requests), at: time + patience)
    guard !alive.isEmpty else { return }
    askers[requests] = index
    let node = random.pick(alive)
    unanswered.append((requests, node))
    note("client \(index) sends request \(requests) to node \(node)")
    nodes[node].put(.request(requests, .submit(clients[index].submission)))
  }

  /// A node answers.
  func answer(_ number: UInt64, _ reply: Reply) {
    guard answered.insert(number).inserted else {
      return agreement.fail("request \(number) was answered twice")
    }
    unanswered.removeAll { $0.request == number }
    note("request \(number) is answered")
    if let index = jobAskers.removeValue(forKey: number) { return answerJob(number, reply, index) }
    if let index = readAskers.removeValue(forKey: number) {
      return answerReader(number, reply, index)
    }
    guard let index = askers.removeValue(forKey: number), clients[index].request == number,
      let place = clients[index].operation
    else { return }
    guard case .outcome(let outcome) = reply else {
      // Not now: it tries again in a while.
      clients[index].request = requests + 1
      requests += 1
      events.add(
        .giveUp(index, request: requests), at: time + UInt64(500_000 + random.below(5_000_000)))
      return
    }
    guard case .done(let bytes) = outcome,
      let answer = try? bytes.withBytes({ try CatalogueAnswer.read($0) })
    else { return agreement.fail("operation \(place) was answered \(outcome)") }
    history[place].end = steps
    history[place].answer = answer
    clients[index].finish(history[place], answer)
    events.add(.client(index), at: time + UInt64(random.below(3_000_000)))
  }

  // MARK: Faults

  func begin(_ fault: Fault) {
    guard !isHealing else { return }
    let alive = nodes.indices.filter { nodes[$0].isAlive }
    guard !alive.isEmpty else { return }
    let first = alive[fault.first % alive.count]
    let second = alive[fault.second % alive.count]
    note("fault: \(fault.kind.rawValue), nodes \(first) and \(second)")
    switch fault.kind {
    case .crash: if canLose(first) { end(first) }
    case .restart:
      guard canLose(first) else { return }
      end(first)
      start(seeds: seeds(but: first), name: nodes[first].record.name)
    case .pause:
      nodes[first].pausedUntil = max(nodes[first].pausedUntil, time + fault.duration)
      events.add(.resume(first), at: time + fault.duration)
    case .cut: cut([(first, second)], fault)
    case .partition: partition(fault, alive, isOneWay: false)
    case .oneWay: partition(fault, alive, isOneWay: true)
    case .breakLink:
      guard first != second, let room = nodes[first].room, nodes[second].room === room else {
        return
      }
      room.network.report(nodes[second].rank, to: nodes[first].rank, "reset")
      events.add(
        .report(room, peer: nodes[first].rank, to: nodes[second].rank), at: time + 300_000)
    case .clock: nodes[first].clockAhead += fault.duration
    case .letters: losesLettersUntil = max(losesLettersUntil, time + fault.duration)
    case .doorbell: losesDoorbellsUntil = max(losesDoorbellsUntil, time + fault.duration)
    case .executor:
      killExecutor(nodes[first], fault.second % nodes[first].executors.lives.count)
    case .join:
      guard nodes.count < 12 else { return }
      // Now and then somebody starts two nodes of one name.
      let name = fault.second % 5 == 0 ? nodes[first].record.name : nil
      start(seeds: seeds(but: nil), name: name)
    case .leave:
      guard canLose(first) else { return }
      requests += 1
      nodes[first].put(.request(requests, .leave))
    }
  }

  private func seeds(but index: Int?) -> [String] {
    nodes.indices.filter { $0 != index && nodes[$0].isAlive }.map(address)
  }

  /// Whether the cluster may lose a node and has to go on: a majority of its newest view lives
  /// without it, and one of those holds the coordinators' state.
  private func canLose(_ index: Int) -> Bool {
    guard let view = agreement.newest else { return false }
    let rest = view.members.compactMap { member in
      self.index(of: member.id).flatMap { nodes[$0].isAlive && $0 != index ? $0 : nil }
    }
    let holders = rest.filter { place in
      nodes[place].node.view == view && nodes[place].node.membership.holds.first == true
    }
    return rest.count >= view.majority && !holders.isEmpty
  }

  private func partition(_ fault: Fault, _ alive: [Int], isOneWay: Bool) {
    var pattern = SeededRandom(seed: UInt64(fault.first) << 16 | UInt64(fault.second))
    let inside = Set(alive.filter { _ in pattern.once(in: 2) })
    var ways: [(Int, Int)] = []
    for from in alive {
      for to in alive where inside.contains(from) != inside.contains(to) {
        if inside.contains(from) || !isOneWay { ways.append((from, to)) }
      }
    }
    cut(ways, fault)
  }

  private func cut(_ ways: [(Int, Int)], _ fault: Fault) {
    names += 1
    for (from, to) in ways where from != to {
      cuts.append((from, to, names))
      for room in rooms { hold(room, from, to) }
      // A link that stands still for long breaks.
      if fault.duration >= 15_000_000, random.once(in: 2) { breakLater(from, to) }
    }
    events.add(.mend(names), at: time + fault.duration)
  }

  private func breakLater(_ from: Int, _ to: Int) {
    guard let room = nodes[to].room, nodes[from].room === room else { return }
    let delay = UInt64(10_000_000 + random.below(20_000_000))
    events.add(.report(room, peer: nodes[from].rank, to: nodes[to].rank), at: time + delay)
  }

  private func mend(_ id: Int) {
    let mended = cuts.filter { $0.id == id }
    cuts.removeAll { $0.id == id }
    for (from, to, _) in mended where !isCut(from, to) {
      for room in rooms { hold(room, from, to, isMended: true) }
    }
    note("mends \(mended.map { "\($0.from)-\($0.to)" }.joined(separator: " "))")
  }

  // MARK: The end

  /// Ends all faults.
  func heal() {
    isHealing = true
    note("faults are over")
    for id in Set(cuts.map(\.id)).sorted() { mend(id) }
    for node in nodes { node.pausedUntil = min(node.pausedUntil, time) }
    losesLettersUntil = 0
    losesDoorbellsUntil = 0
  }

  /// Whether all clients are answered, also those that gave up waiting, and all nodes that live are
  /// in one view whose state they have.
  var isAtRest: Bool {
    guard clients.allSatisfy({ $0.operation == nil && $0.left <= 0 }), jobsAreOver, readersAreDone,
      !unanswered.contains(where: { nodes[$0.node].isAlive && !isStray(nodes[$0.node]) })
    else { return false }
    let alive = nodes.filter { $0.isAlive && !isStray($0) }
    guard let view = alive.first?.node.view else { return false }
    return alive.count == view.members.count
      && alive.allSatisfy { $0.node.view == view && $0.node.isFormed && $0.node.holdsAll }
      && (scenario.shards == 0 || runsArePlaced)
  }

  /// Whether too few members of the newest view live for it ever to go on. A member that dies while
  /// a view is being decided that has it, and others not, may take that view's majority.
  var isLost: Bool {
    guard let view = agreement.newest else { return false }
    let alive = living(view)
    let holders = alive.filter { $0.node.view == view && $0.node.membership.holds.first == true }
    if alive.count < view.majority || holders.isEmpty { return true }
    let pending = alive.compactMap { $0.node.view == view ? $0.node.membership.echoed?.next : nil }
    return pending.contains { living($0).count < $0.majority }
  }

  private func living(_ view: View) -> [SimulatedNode] {
    view.members.compactMap { member in
      nodes.first { $0.record.id == member.id && $0.isAlive }
    }
  }

  /// Whether a node was left behind and nobody is there any more who could tell it.
  func isStray(_ node: SimulatedNode) -> Bool {
    guard let newest = agreement.newest, let view = node.node.view, view.number < newest.number
    else { return false }
    return !living(newest).contains { view.rank(of: $0.record.id) != nil }
  }

  func checkEnd() {
    if !isAtRest, !isLost {
      let waiting = clients.filter { $0.operation != nil || $0.left > 0 }.count
      let states = nodes.filter(\.isAlive).map { node in
        "\(node.record.name) in view \(node.node.view?.number ?? 0), "
          + (node.node.waits(node.clock(time)) ?? "which waits for nothing")
      }
      agreement.fail(
        "the cluster does not come to rest: \(waitingJobs)\(waitingReaders)"
          + "\(waiting) clients wait, "
          + "requests \(unanswered.map { "\($0.request) at node \($0.node)" }) were not answered; "
          + states.joined(separator: "; "))
    }
    for node in nodes where node.isAlive {
      for (role, version, digest) in node.node.digests() {
        agreement.check(role, version, digest: digest, at: node.record.id)
      }
    }
    if isAtRest { checkJobs() }
    let checker = CatalogueChecker(agreement.log(.coordinator), history)
    for violation in checker.violations { agreement.fail(violation) }
  }
}
