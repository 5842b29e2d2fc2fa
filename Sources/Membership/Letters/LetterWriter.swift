// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

extension Letter {
  /// The version of letters: nodes of other versions are refused when they meet.
  package static let version: UInt32 = 1

  /// As bytes, at most `Limits.letterBytes` of them: a kind, then numbers as varints and texts with
  /// their lengths before them.
  package var encoded: [UInt8] {
    var out = ByteBuffer(capacity: 256)
    write(into: &out)
    precondition(out.count <= Limits.letterBytes, "a letter has its limit")
    return Array(out.bytes)
  }

  private func write(into out: inout ByteBuffer) {
    out.append(kind.rawValue)
    switch self {
    case .heartbeat(let health): health.write(into: &out)
    case .begin(let view, let ballot), .echo(let view, let ballot), .behind(let view, let ballot):
      out.appendVarint(view)
      ballot.write(into: &out)
    case .report(let report): report.write(into: &out)
    case .propose(let decision), .commit(let decision): decision.write(into: &out)
    case .excluded(let view): out.appendVarint(view)
    case .join(let request):
      request.record.write(into: &out)
      request.rules.write(into: &out)
      out.appendVarint(request.stamp)
    case .waiting(let members, let reason, let stamp):
      out.appendVarint(UInt64(members.count))
      for member in members { member.write(into: &out) }
      out.append(counted: reason)
      out.appendVarint(stamp)
    case .refused(let reason): out.append(counted: reason)
    }
  }

  enum Kind: UInt8 {
    case heartbeat = 1
    case begin, report, propose, echo, commit, behind, excluded, join, waiting, refused
  }

  private var kind: Kind {
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

extension ByteBuffer {
  mutating func append(_ flag: Bool) { append(flag ? 1 as UInt8 : 0) }

  mutating func append(counted numbers: [UInt64]) {
    appendVarint(UInt64(numbers.count))
    for number in numbers { appendVarint(number) }
  }

  mutating func append(counted flags: [Bool]) {
    appendVarint(UInt64(flags.count))
    for flag in flags { append(flag) }
  }
}

extension Ballot {
  func write(into out: inout ByteBuffer) {
    out.appendVarint(UInt64(attempt))
    out.append(UInt8(leader.index))
  }
}

extension Health {
  func write(into out: inout ByteBuffer) {
    out.appendVarint(view)
    out.appendLittleEndian(suspects.bits)
    out.appendLittleEndian(unmet.bits)
    out.append(isBroken)
    out.append(isLeaving)
    out.append(counted: holds)
  }
}

extension Report {
  func write(into out: inout ByteBuffer) {
    out.appendVarint(view)
    ballot.write(into: &out)
    out.append(counted: columns.received)
    out.append(counted: columns.holds)
    out.appendLittleEndian(suspects.bits)
    out.appendLittleEndian(unmet.bits)
    out.append(isLeaving)
    out.append(echoed != nil)
    echoed?.write(into: &out)
  }
}

extension Decision {
  func write(into out: inout ByteBuffer) {
    ballot.write(into: &out)
    out.append(counted: trims)
    next.write(into: &out)
  }
}

extension View {
  func write(into out: inout ByteBuffer) {
    out.append(cluster)
    out.appendVarint(number)
    out.appendVarint(UInt64(members.count))
    for member in members { member.write(into: &out) }
    rules.write(into: &out)
    out.appendVarint(UInt64(subgroups.count))
    for subgroup in subgroups { subgroup.write(into: &out) }
  }
}

extension MemberRecord {
  func write(into out: inout ByteBuffer) {
    out.append(id)
    for text in [name, host, address, endpoint] { out.append(counted: text) }
  }
}

extension LayoutRules {
  func write(into out: inout ByteBuffer) {
    for number in [coordinators, shards, replicas] { out.appendVarint(UInt64(number)) }
  }
}

extension SubgroupAssignment {
  func write(into out: inout ByteBuffer) {
    switch role {
    case .coordinator: out.appendVarint(0)
    case .control: out.appendVarint(1)
    case .shard(let index): out.appendVarint(UInt64(index) + 2)
    }
    out.appendVarint(UInt64(senders.count))
    for sender in senders { out.append(UInt8(sender.index)) }
    out.appendLittleEndian(receivers.bits)
    out.appendLittleEndian(holders.bits)
    out.appendVarint(bornIn)
  }
}
