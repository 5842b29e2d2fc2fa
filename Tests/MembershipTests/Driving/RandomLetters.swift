// SPDX-License-Identifier: Apache-2.0
import Membership
import TestSupport
import Vocabulary

/// Letters that a node could write, drawn from a seed.
struct RandomLetters {
  var random: RandomSource

  init(_ seed: Int) { random = RandomSource(seed) }

  mutating func next() -> Letter {
    next(Letter.Sort.allCases[random.number(0...(Letter.Sort.allCases.count - 1))])
  }

  mutating func next(_ sort: Letter.Sort) -> Letter {
    switch sort {
    case .heartbeat: .heartbeat(health())
    case .begin: .begin(view: number(), ballot())
    case .report: .report(report())
    case .propose: .propose(decision())
    case .echo: .echo(view: number(), ballot())
    case .commit: .commit(decision())
    case .behind: .behind(view: number(), ballot())
    case .excluded: .excluded(view: number())
    case .join: .join(JoinRequest(record: record(), rules: rules(), stamp: number()))
    case .waiting: .waiting(members: members(0...3), reason: text(), stamp: number())
    case .refused: .refused(reason: text())
    }
  }

  /// Small and large ones, so that varints of all lengths come.
  private mutating func number() -> UInt64 { random.next() >> UInt64(random.number(0...63)) }

  private mutating func text() -> String {
    String(decoding: random.bytes(random.number(0...12), of: Array("abcäö 0".utf8)), as: UTF8.self)
  }

  private mutating func ballot() -> Ballot {
    Ballot(attempt: UInt32(random.number(0...0xFFFF_FFFE)), leader: Rank(random.number(0...63)))
  }

  private mutating func flags() -> [Bool] {
    (0..<random.number(0...5)).map { _ in random.number(0...1) == 1 }
  }

  private mutating func health() -> Health {
    var health = Health(view: number())
    health.suspects = RankSet(bits: number())
    health.unmet = RankSet(bits: number())
    health.isBroken = random.number(0...1) == 1
    health.isLeaving = random.number(0...1) == 1
    health.holds = flags()
    return health
  }

  private mutating func report() -> Report {
    let received = (0..<random.number(0...5)).map { _ in number() }
    return Report(
      view: number(), ballot: ballot(), columns: FinalColumns(received: received, holds: flags()),
      suspects: RankSet(bits: number()), unmet: RankSet(bits: number()),
      isLeaving: random.number(0...1) == 1, echoed: random.number(0...1) == 1 ? decision() : nil)
  }

  private mutating func decision() -> Decision {
    let view = view()
    return Decision(ballot: ballot(), trims: view.subgroups.map { _ in number() }, next: view)
  }

  private mutating func record() -> MemberRecord {
    MemberRecord(
      id: NodeID(high: random.next(), low: random.next()), name: text(), host: text(),
      address: text(), endpoint: text())
  }

  private mutating func members(_ range: ClosedRange<Int>) -> [MemberRecord] {
    (0..<random.number(range)).map { _ in record() }
  }

  private mutating func rules() -> LayoutRules {
    LayoutRules(
      coordinators: random.number(1...64), shards: random.number(0...3),
      replicas: random.number(1...64))
  }

  private mutating func view() -> View {
    let members = members(1...5)
    let rules = rules()
    return View(
      cluster: NodeID(high: random.next(), low: random.next()), number: number() | 1,
      members: members, rules: rules,
      subgroups: Layout.assign(members, previous: [], rules: rules, view: number()))
  }
}
