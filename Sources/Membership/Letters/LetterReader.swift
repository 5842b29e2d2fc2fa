// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// Reads a letter. Nothing is believed: what is no letter of a correct node is `Damaged`.
package struct LetterReader {
  package typealias Damaged = ByteReader.Damaged

  private var reader: ByteReader

  /// The letter that the bytes are.
  package static func read(_ bytes: Bytes) throws(Damaged) -> Letter {
    guard bytes.count <= Limits.letterBytes else { throw Damaged() }
    var reader = LetterReader(reader: ByteReader(bytes))
    let letter = try reader.letter()
    guard reader.reader.isAtEnd else { throw Damaged() }
    return letter
  }

  private mutating func letter() throws(Damaged) -> Letter {
    guard let kind = Letter.Kind(rawValue: try reader.byte()) else { throw Damaged() }
    switch kind {
    case .heartbeat: return .heartbeat(try health())
    case .begin: return .begin(view: try reader.varint(), try ballot())
    case .report: return .report(try report())
    case .propose: return .propose(try decision())
    case .echo: return .echo(view: try reader.varint(), try ballot())
    case .commit: return .commit(try decision())
    case .behind: return .behind(view: try reader.varint(), try ballot())
    case .excluded: return .excluded(view: try reader.varint())
    case .join:
      let record = try record()
      let rules = try rules()
      return .join(JoinRequest(record: record, rules: rules, stamp: try reader.varint()))
    case .waiting:
      let members = try members()
      let reason = try reader.text(atMost: Self.reasonBytes)
      return .waiting(members: members, reason: reason, stamp: try reader.varint())
    case .refused: return .refused(reason: try reader.text(atMost: Self.reasonBytes))
    }
  }

  private static let reasonBytes = 2000

  private mutating func flag() throws(Damaged) -> Bool {
    switch try reader.byte() {
    case 0: return false
    case 1: return true
    default: throw Damaged()
    }
  }

  private mutating func count(_ maximum: Int) throws(Damaged) -> Int {
    let count = try reader.length()
    guard count <= maximum else { throw Damaged() }
    return count
  }

  private mutating func numbers() throws(Damaged) -> [UInt64] {
    var numbers: [UInt64] = []
    for _ in 0..<(try count(Self.subgroups)) { numbers.append(try reader.varint()) }
    return numbers
  }

  private mutating func flags() throws(Damaged) -> [Bool] {
    var flags: [Bool] = []
    for _ in 0..<(try count(Self.subgroups)) { flags.append(try flag()) }
    return flags
  }

  /// Coordinators, control, and the shards.
  private static let subgroups = Limits.shards + 2

  private mutating func rank() throws(Damaged) -> Rank {
    let index = Int(try reader.byte())
    guard index < Limits.members else { throw Damaged() }
    return Rank(index)
  }

  private mutating func ranks() throws(Damaged) -> RankSet {
    RankSet(bits: try reader.littleEndian(UInt64.self))
  }

  private mutating func ballot() throws(Damaged) -> Ballot {
    // The last attempt has none behind it.
    guard let attempt = UInt32(exactly: try reader.varint()), attempt < .max else {
      throw Damaged()
    }
    return Ballot(attempt: attempt, leader: try rank())
  }

  private mutating func health() throws(Damaged) -> Health {
    var health = Health(view: try reader.varint())
    health.suspects = try ranks()
    health.unmet = try ranks()
    health.isBroken = try flag()
    health.isLeaving = try flag()
    health.holds = try flags()
    return health
  }

  private mutating func report() throws(Damaged) -> Report {
    let view = try reader.varint()
    let ballot = try ballot()
    let columns = FinalColumns(received: try numbers(), holds: try flags())
    let suspects = try ranks()
    let unmet = try ranks()
    let isLeaving = try flag()
    let echoed = try flag() ? try decision() : nil
    return Report(
      view: view, ballot: ballot, columns: columns, suspects: suspects, unmet: unmet,
      isLeaving: isLeaving, echoed: echoed)
  }

  private mutating func decision() throws(Damaged) -> Decision {
    let ballot = try ballot()
    let trims = try numbers()
    return Decision(ballot: ballot, trims: trims, next: try view())
  }

  private mutating func record() throws(Damaged) -> MemberRecord {
    let id = try reader.id()
    let name = try reader.text(atMost: Limits.nameBytes)
    let host = try reader.text(atMost: Limits.nameBytes)
    let address = try reader.text(atMost: Limits.nameBytes)
    return MemberRecord(
      id: id, name: name, host: host, address: address,
      endpoint: try reader.text(atMost: Self.reasonBytes))
  }

  private mutating func members() throws(Damaged) -> [MemberRecord] {
    var members: [MemberRecord] = []
    for _ in 0..<(try count(Limits.members)) { members.append(try record()) }
    return members
  }

  private mutating func number(_ range: ClosedRange<Int>) throws(Damaged) -> Int {
    guard let number = Int(exactly: try reader.varint()), range.contains(number) else {
      throw Damaged()
    }
    return number
  }

  private mutating func rules() throws(Damaged) -> LayoutRules {
    let coordinators = try number(1...Limits.members)
    let shards = try number(0...Limits.shards)
    return LayoutRules(
      coordinators: coordinators, shards: shards, replicas: try number(1...Limits.members))
  }

  private mutating func view() throws(Damaged) -> View {
    let cluster = try reader.id()
    let number = try reader.varint()
    let members = try members()
    guard number >= 1, !members.isEmpty else { throw Damaged() }
    let rules = try rules()
    var subgroups: [SubgroupAssignment] = []
    for _ in 0..<(try count(Self.subgroups)) {
      subgroups.append(try assignment(RankSet(first: members.count)))
    }
    return View(
      cluster: cluster, number: number, members: members, rules: rules, subgroups: subgroups)
  }

  /// An assignment among `members`.
  private mutating func assignment(_ members: RankSet) throws(Damaged) -> SubgroupAssignment {
    let role: Role
    switch try number(0...Limits.shards + 1) {
    case 0: role = .coordinator
    case 1: role = .control
    case let index: role = .shard(index - 2)
    }
    var senders: [Rank] = []
    for _ in 0..<(try count(Limits.members)) { senders.append(try rank()) }
    let receivers = try ranks()
    let holders = try ranks()
    let isSound =
      RankSet(senders).union(receivers).subtracting(members).isEmpty
      && holders.subtracting(receivers).isEmpty && !senders.isEmpty && !holders.isEmpty
      && RankSet(senders).count == senders.count
    guard isSound else { throw Damaged() }
    return SubgroupAssignment(
      role: role, senders: senders, receivers: receivers, holders: holders,
      bornIn: try reader.varint())
  }
}
