// SPDX-License-Identifier: Apache-2.0
import Engine
import Membership
import Vocabulary

/// Writes down what nodes do in the words of the proofs, as JSON lines: a checker outside replays
/// them against the models' guards.
struct ClusterTrace {
  private(set) var lines: [String] = []
  private var views: Set<UInt64> = []
  /// By view and node: how far each subgroup was when it was looked at last.
  private var groups: [Key: [ObservedGroup?]] = [:]
  private var told: Set<Once> = []

  private struct Key: Hashable {
    let view: UInt64
    let node: Int
  }

  private struct Once: Hashable {
    let view: UInt64
    let node: Int
    let step: MembershipStep
  }

  /// A view has begun somewhere.
  mutating func begin(_ view: View, _ index: (NodeID) -> Int) {
    guard views.insert(view.number).inserted else { return }
    let members = view.members.map { index($0.id) }
    let subgroups = view.subgroups.map { group in
      "[" + group.receivers.map { "\(members[$0.index])" }.joined(separator: ", ") + "]"
    }
    add(
      "view", view.number,
      "\"members\": \(members), \"subgroups\": [\(subgroups.joined(separator: ", "))]")
  }

  /// A node took a step of its data plane.
  mutating func look(_ now: [ObservedGroup?], _ view: View, node: Int, _ index: (NodeID) -> Int) {
    let key = Key(view: view.number, node: node)
    let before = groups[key] ?? now.map { _ in nil }
    groups[key] = now
    for (group, pair) in zip(before, now).enumerated() {
      guard let new = pair.1 else { continue }
      let old = pair.0
      for turn in (old?.sent ?? 0)..<(new.sent ?? old?.sent ?? 0) {
        let place = turn * UInt64(new.senders) + UInt64(new.turn)
        add("send", view.number, "\"group\": \(group), \"place\": \(place)")
      }
      range("receive", view.number, node, group, old?.received ?? 0, new.received)
      for receiver in new.seen.keys.sorted() {
        let count = new.seen[receiver] ?? 0
        guard count > old?.seen[receiver] ?? 0 else { continue }
        let other = index(view.record(receiver).id)
        add(
          "see", view.number,
          "\"node\": \(node), \"of\": \(other), \"group\": \(group), \"count\": \(count)")
      }
      range("deliver", view.number, node, group, old?.delivered ?? 0, new.delivered)
    }
  }

  private mutating func range(
    _ action: String, _ view: UInt64, _ node: Int, _ group: Int, _ old: UInt64, _ new: UInt64
  ) {
    guard new > old else { return }
    add(
      action, view,
      "\"node\": \(node), \"group\": \(group), \"place\": \(old), \"last\": \(new - 1)")
  }

  /// A node did something else.
  mutating func take(_ action: TraceAction, _ view: View?, node: Int, _ index: (NodeID) -> Int) {
    // A node may go on in a view before anybody was looked at in it.
    if let view { begin(view, index) }
    switch action {
    case .transferred(let number, 0):
      guard let donor = view?.subgroups[0].donor, let id = view?.record(donor).id else { return }
      add("transfer", number, "\"node\": \(node), \"from\": \(index(id))")
    case .transferred: break
    case .concluded(let ballot, let number, let group, let count):
      let old = groups[Key(view: number, node: node)]?[group]?.delivered ?? 0
      guard let view, count > old else { return }
      let leader = index(view.record(ballot.leader).id)
      add(
        "conclude", number,
        "\"node\": \(node), \"ballot\": [\(ballot.attempt), \(leader)], \"group\": \(group), "
          + "\"place\": \(old), \"last\": \(count - 1)")
    case .change(let number, let step):
      let once = Once(view: number, node: node, step: step.once)
      guard told.insert(once).inserted, let view else { return }
      take(step, number, view, node, index)
    }
  }

  private mutating func take(
    _ step: MembershipStep, _ number: UInt64, _ view: View, _ node: Int, _ index: (NodeID) -> Int
  ) {
    func nodes(_ ranks: RankSet) -> [Int] { ranks.map { index(view.record($0).id) } }
    func text(_ ballot: Ballot) -> String {
      "[\(ballot.attempt), \(index(view.record(ballot.leader).id))]"
    }
    switch step {
    case .wedged: add("wedge", number, "\"node\": \(node)")
    case .begun(let ballot): add("begin", number, "\"ballot\": \(text(ballot))")
    case .reported(let ballot, let received, let echoed):
      let echo = echoed.map { ", \"echo\": \(text($0))" } ?? ""
      add(
        "report", number,
        "\"node\": \(node), \"ballot\": \(text(ballot)), \"received\": \(received)\(echo)")
    case .proposed(let decision, let reports, let adopts):
      let stays = decision.next.members.filter { view.rank(of: $0.id) != nil }
      let joins = decision.next.members.filter { view.rank(of: $0.id) == nil }
      let adopted = adopts.map { ", \"adopts\": \(text($0))" } ?? ""
      add(
        "propose", number,
        "\"ballot\": \(text(decision.ballot)), \"reports\": \(nodes(reports)), "
          + "\"stays\": \(stays.map { index($0.id) }), \"joins\": \(joins.map { index($0.id) }), "
          + "\"trim\": \(decision.trims)\(adopted)")
    case .echoed(let ballot):
      add("echo", number, "\"node\": \(node), \"ballot\": \(text(ballot))")
    case .committed(let ballot, let echoes):
      add("commit", number, "\"ballot\": \(text(ballot)), \"echoes\": \(nodes(echoes))")
    case .installed(let ballot):
      add("install", number, "\"node\": \(node), \"ballot\": \(text(ballot))")
    }
  }

  private mutating func add(_ action: String, _ view: UInt64, _ rest: String) {
    lines.append("{\"do\": \"\(action)\", \"view\": \(view), \(rest)}")
  }
}

extension MembershipStep {
  /// What a step that is taken again has in common with the first time.
  fileprivate var once: MembershipStep {
    if case .reported(let ballot, _, _) = self {
      return .reported(ballot, received: [], echoed: nil)
    }
    return self
  }
}
