// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Environment
import Membership
import Memory
import Replication
import Vocabulary

extension ClusterRun {
  func address(_ index: Int) -> String { "node\(index):1" }

  private func index(ofAddress address: String) -> Int? {
    nodes.firstIndex { $0.record.address == address }
  }

  func index(of id: NodeID) -> Int? { nodes.firstIndex { $0.record.id == id } }

  /// Starts a node's process.
  func start(seeds: [String], name: String? = nil) {
    let index = nodes.count
    let host = "host\(index % scenario.hosts)"
    let record = MemberRecord(
      id: NodeID(high: UInt64(index + 1), low: random.next()), name: name ?? "n\(index)",
      host: host, address: address(index), endpoint: "")
    var settings = MembershipSettings()
    settings.heartbeat = ClusterScenario.heartbeat
    settings.suspectAfter = ClusterScenario.suspectAfter
    settings.joinTimeout = 400_000_000
    settings.rules = LayoutRules(coordinators: 3, shards: scenario.shards, replicas: 2)
    settings.seeds = seeds
    var limits = NodeLimits()
    limits.sizes = PlaneSizes.simulated
    let ahead = UInt64(random.below(1_000_000_000))
    let rate = UInt64(random.below(5))
    var effects: [NodeEffect] = []
    limits.retention = Retention(versions: scenario.versions)
    // Some fold as soon as they can, some when there is nothing to map.
    if index.isMultiple(of: 2) { limits.foldBytes = 1 }
    limits.slots = random.number(in: 1...2)
    let executors = SimulatedExecutors(slots: limits.slots)
    let node = Node(
      record, cluster: NodeID(high: 42, low: UInt64(index)), settings: settings, limits: limits,
      memory: executors.pool, isObserved: true, now: time + time / 1000 * rate + ahead,
      into: &effects)
    let simulated = SimulatedNode(
      record, node, executors, clockAhead: ahead, clockRate: rate)
    nodes.append(simulated)
    note("starts \(record.name) as node \(index)")
    if let view = simulated.node.view {
      agreement.enter(view)
      observe(simulated, view.number)
    }
    for effect in effects { carryOut(effect, of: simulated) }
  }

  /// Does what a node wants done.
  func carryOut(_ effect: NodeEffect, of node: SimulatedNode) {
    guard let own = index(of: node.record.id) else { return }
    switch effect {
    case .send(let bytes, let target):
      if let target = index(of: target.id) { send(bytes, from: own, to: target) }
    case .ask(let bytes, let address):
      if let target = index(ofAddress: address) { send(bytes, from: own, to: target) }
    case .answer(let number, let reply): answer(number, reply)
    case .form(let view, let rank, let layout): form(view, rank, layout, node)
    case .forget: break
    case .stop(let reason):
      note("\(node.record.name) stops: \(reason)")
      end(own)
    case .jobs(let effect): carryOut(effect, of: node)
    case .note(let text): note("\(node.record.name) (node \(own)): \(text)")
    case .applied(let role, let version, let sender, let bytes):
      if role == .coordinator { checkLost(bytes) }
      noteApplied(role, version, sender: sender, bytes, at: node)
      agreement.apply(role, version, sender: sender, bytes, at: node.record.id)
    case .traced(let action):
      protocolTrace?.take(action, view(of: action), node: own) { nodeNumber($0) }
    }
  }

  private func view(of action: TraceAction) -> View? {
    switch action {
    case .change(let number, _), .concluded(_, let number, _, _), .transferred(let number, _):
      views[number]
    }
  }

  func nodeNumber(_ id: NodeID) -> Int { index(of: id) ?? -1 }

  /// Writes down how far a node is in a view.
  func observe(_ node: SimulatedNode, _ number: UInt64?) {
    guard protocolTrace != nil, let view = node.node.view, view.number == number,
      let own = index(of: node.record.id)
    else { return }
    views[view.number] = view
    protocolTrace?.begin(view) { nodeNumber($0) }
    if let groups = node.node.observedGroups() {
      protocolTrace?.look(groups, view, node: own) { nodeNumber($0) }
    }
  }

  /// A letter goes out. It may be late, lost, or come twice.
  private func send(_ bytes: [UInt8], from: Int, to: Int) {
    guard !isCut(from, to), nodes[to].isAlive else { return }
    let isRough = time < losesLettersUntil
    if isRough, random.once(in: 3) { return }
    let copies = isRough && random.once(in: 4) ? 2 : 1
    for _ in 0..<copies {
      let delay = random.pick([50_000, 100_000, 400_000]) + random.below(200_000)
      events.add(
        .letter(to: to, from: nodes[from].record.id, bytes), at: time + UInt64(delay))
    }
  }

  func isCut(_ from: Int, _ to: Int) -> Bool {
    cuts.contains { $0.from == from && $0.to == to }
  }

  /// A node comes into the room of its view.
  private func form(_ view: View, _ rank: Rank, _ layout: ViewLayout, _ node: SimulatedNode) {
    leaveRoom(node)
    let room = room(view, layout)
    guard room.view == view else { return agreement.fail("two views \(view.number) are formed") }
    for subgroup in view.subgroups where subgroup.bornIn == view.number && subgroup.role.holdsState
    {
      if room.present.isEmpty { agreement.rebear(subgroup.role) }
    }
    node.room = room
    node.rank = rank
    room.present.insert(rank)
    for (from, to, _) in cuts { hold(room, from, to) }
    let oldest = nodes.compactMap { $0.isAlive ? $0.node.view?.number : nil }.min() ?? 0
    rooms.removeAll { $0.view.number + 1 < oldest }
    let patience = 3 * ClusterScenario.suspectAfter
    events.add(.unformed(room, rank), at: time + patience)
    guard room.stands else { return }
    for member in view.ranks {
      events.add(.form(room, member), at: time + UInt64(50_000 + random.below(1_000_000)))
    }
  }

  /// The room of a view; a new one where nobody came before.
  private func room(_ view: View, _ layout: ViewLayout) -> FabricRoom {
    if let room = rooms.first(where: { $0.view.number == view.number }) { return room }
    let room = FabricRoom(view, layout, seed: random.next())
    rooms.append(room)
    rooms.sort { $0.view.number < $1.view.number }
    return room
  }

  /// A node gives its room up: the others lose it.
  func leaveRoom(_ node: SimulatedNode) {
    guard let room = node.room else { return }
    node.room = nil
    room.network.fabrics[node.rank.index].close()
    lose(room, node.rank)
  }

  private func lose(_ room: FabricRoom, _ rank: Rank) {
    for other in room.formed.removing(rank) {
      let delay = UInt64(100_000 + random.below(1_500_000))
      events.add(.report(room, peer: rank, to: other), at: time + delay)
    }
  }

  /// Whether a node closed its fabric by itself.
  func noteClosing(_ node: SimulatedNode) {
    guard let room = node.room, room.formed.contains(node.rank), node.node.view != room.view,
      room.network.alive.contains(node.rank)
    else { return }
    leaveRoom(node)
  }

  /// Holds a link of a room up where the way between two nodes is cut.
  func hold(_ room: FabricRoom, _ from: Int, _ to: Int, isMended: Bool = false) {
    guard let source = room.view.rank(of: nodes[from].record.id),
      let target = room.view.rank(of: nodes[to].record.id)
    else { return }
    if isMended {
      room.network.mend(source, target)
    } else {
      room.network.freeze(source, target, isForever: true)
    }
  }

  /// A process ends: the others hear of it soon, where a way is left.
  func end(_ index: Int) {
    let node = nodes[index]
    guard node.isAlive else { return }
    node.isAlive = false
    marks.formUnion(node.node.membership.marks)
    if let room = node.room {
      node.room = nil
      room.network.kill(node.rank)
      lose(room, node.rank)
    }
    for other in nodes.indices where nodes[other].isAlive && !isCut(index, other) {
      let delay = UInt64(100_000 + random.below(2_000_000))
      events.add(
        .input(to: other, .unreachable(node.record.id, isGone: true)), at: time + delay)
    }
  }
}

extension PlaneSizes {
  /// So small that everything fills up.
  static let simulated: PlaneSizes = {
    var sizes = PlaneSizes()
    sizes.window = 4
    sizes.smallBytes = 120
    sizes.smallRingBytes = 1024
    sizes.blockRingBytes = 8192
    sizes.blockBytes = 256
    sizes.transferBytes = 1024
    return sizes
  }()
}
