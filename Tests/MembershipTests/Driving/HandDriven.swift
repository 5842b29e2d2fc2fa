// SPDX-License-Identifier: Apache-2.0
import Membership
import Memory
import TestSupport
import Vocabulary

/// Memberships that a test drives by hand: letters wait until it lets them through, time stands
/// until it lets it pass.
final class HandDriven {
  struct Post {
    let from: Int
    let to: Int
    let letter: Letter
  }

  static let heartbeat: UInt64 = 10
  static let suspectAfter: UInt64 = 100

  let rules: LayoutRules
  /// Whether who is given a role has its state at once.
  var givesState = true
  private(set) var now: UInt64 = 1000
  private(set) var members: [Membership] = []
  private(set) var alive: [Bool] = []
  var post: [Post] = []
  /// By node: how far it is in every subgroup when it wedges.
  var received: [UInt64] = []
  /// By node: what it installed, in order, with the view that it left.
  private(set) var installed: [[Decision]] = []
  /// By node: members that it was told to forget.
  private(set) var forgotten: [[NodeID]] = []

  init(rules: LayoutRules = LayoutRules(coordinators: 3)) {
    self.rules = rules
    start()
  }

  /// A cluster of `count` nodes, all in one view and holding their state.
  convenience init(formed count: Int, rules: LayoutRules = LayoutRules(coordinators: 3)) {
    self.init(rules: rules)
    for _ in 1..<count { start() }
    pass(times: 8 * count) { _ in true }
    precondition(
      members.allSatisfy { $0.view?.members.count == count }, "a cluster without faults forms")
    post = []
  }

  static func id(_ index: Int) -> NodeID { NodeID(high: UInt64(index) + 1, low: 7) }

  static func record(_ index: Int, name: String? = nil) -> MemberRecord {
    MemberRecord(
      id: id(index), name: name ?? "n\(index)", host: "h\(index)", address: "h\(index):1",
      endpoint: "")
  }

  /// Starts a node: the first one founds the cluster, the others join it.
  func start(name: String? = nil, rules: LayoutRules? = nil, joinTimeout: UInt64 = 10_000) {
    var settings = MembershipSettings()
    settings.heartbeat = Self.heartbeat
    settings.suspectAfter = Self.suspectAfter
    settings.joinTimeout = joinTimeout
    settings.rules = rules ?? self.rules
    if !members.isEmpty { settings.seeds = ["h0:1"] }
    members.append(
      Membership(
        Self.record(members.count, name: name), cluster: NodeID(high: 99, low: 99),
        settings: settings, now: now))
    alive.append(true)
    received.append(0)
    installed.append([])
    forgotten.append([])
  }

  /// Lets a node do something, and takes its effects in.
  func act(_ index: Int, _ body: (inout Membership, inout [MembershipEffect]) -> Void) {
    guard alive[index] else { return }
    var effects: [MembershipEffect] = []
    body(&members[index], &effects)
    for effect in effects { carryOut(effect, index) }
    if givesState, let view = members[index].view {
      let rank = members[index].rank
      members[index].holds = view.subgroups.map { $0.receivers.contains(rank) }
    }
  }

  private func carryOut(_ effect: MembershipEffect, _ index: Int) {
    switch effect {
    case .send(let letter, let target):
      post.append(Post(from: index, to: Int(target.id.high) - 1, letter: letter))
    case .ask(let letter, let address):
      guard let target = members.firstIndex(where: { $0.record.address == address }) else { return }
      post.append(Post(from: index, to: target, letter: letter))
    case .wedge:
      let count = members[index].view?.subgroups.count ?? 0
      let columns = FinalColumns(
        received: [UInt64](repeating: received[index], count: count), holds: members[index].holds)
      act(index) { $0.wedged(at: columns, self.now, into: &$1) }
    case .install(let decision):
      installed[index].append(decision)
      received[index] = 0
    case .forget(let id): forgotten[index].append(id)
    case .stop: break
    }
  }

  /// Delivers one letter now, as its bytes are read.
  func receive(_ post: Post) {
    guard post.to < members.count else { return }
    let letter = post.letter.encoded.withBytes { try? LetterReader.read($0) }
    guard let letter else { preconditionFailure("a \(post.letter.sort) cannot be read") }
    act(post.to) { $0.receive(letter, from: Self.id(post.from), self.now, into: &$1) }
  }

  /// Delivers all letters that are let through, and those that they lead to; the others wait.
  func deliver(_ isLet: (Post) -> Bool = { _ in true }) {
    var rounds = 0
    while let place = post.firstIndex(where: isLet) {
      receive(post.remove(at: place))
      rounds += 1
      precondition(rounds < 100_000, "letters do not lead to letters for ever")
    }
  }

  /// Loses letters that wait.
  func lose(_ isLost: (Post) -> Bool = { _ in true }) { post.removeAll(where: isLost) }

  /// Lets a heartbeat of time pass, again and again: letters that are let through arrive, the
  /// others are lost.
  func pass(times: Int, _ isLet: (Post) -> Bool = { _ in true }) {
    for _ in 0..<times {
      now += Self.heartbeat
      for index in members.indices { act(index) { $0.tick(self.now, into: &$1) } }
      deliver(isLet)
      lose()
    }
  }

  /// Lets time pass without anybody noticing.
  func jump(_ time: UInt64) { now += time }

  /// A process ends, and what it wrote is lost; the others hear of it at once.
  func kill(_ index: Int, tellsOthers: Bool = true) {
    alive[index] = false
    lose { $0.from == index || $0.to == index }
    guard tellsOthers else { return }
    for other in members.indices {
      act(other) { $0.unreachable(Self.id(index), isGone: true, self.now, into: &$1) }
    }
  }

  /// Views of the nodes that live and have not stopped.
  var views: [View?] {
    members.indices.filter { alive[$0] && members[$0].stopped == nil }.map { members[$0].view }
  }

  /// Names of the members of a node's view.
  func names(_ index: Int) -> [String] { members[index].view?.members.map(\.name) ?? [] }
}

extension Letter {
  /// What a letter is, without what it says.
  enum Sort: CaseIterable {
    case heartbeat, begin, report, propose, echo, commit, behind, excluded, join, waiting, refused
  }

  var sort: Sort {
    switch self {
    case .heartbeat: .heartbeat
    case .begin: .begin
    case .report: .report
    case .propose: .propose
    case .echo: .echo
    case .commit: .commit
    case .behind: .behind
    case .excluded: .excluded
    case .join: .join
    case .waiting: .waiting
    case .refused: .refused
    }
  }
}
