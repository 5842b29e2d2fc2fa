// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Multicast
import Simulation
import StateTable
import Testing
import Vocabulary

/// A few members over a network on which everything arrives at once: one thing at a time.
@Suite struct SubgroupTests {
  private final class Group {
    let network: SimulatedNetwork
    private var members: [Node]
    /// By rank: what was delivered, as "sender:bytes".
    private(set) var delivered: [[String]]

    /// Holds a value that cannot be copied.
    private final class Node {
      var member: GroupMember
      init(_ member: consuming GroupMember) { self.member = member }
    }

    init(_ plan: SubgroupPlan, members count: Int) throws {
      let layout = try GroupLayout(hosts: Hosts(apart: count), subgroups: [plan])
      network = SimulatedNetwork(plan: layout.plan, seed: 1)
      members = network.fabrics.map { Node(GroupMember(layout, on: $0)) }
      delivered = [[String]](repeating: [], count: count)
    }

    func send(_ text: String, from rank: Int) -> Bool {
      Array(text.utf8).withBytes { members[rank].member.subgroups[0].send($0) }
    }

    /// A place for a message, which is filled and sent later.
    func reserve(_ count: Int, for rank: Int) -> Reservation? {
      members[rank].member.subgroups[0].reserve(count)
    }

    func commit(from rank: Int) { members[rank].member.subgroups[0].commit() }

    func layout() -> GroupLayout { members[0].member.layout }

    /// One turn of each member, after everything has arrived. False where nobody did anything.
    func turn(taking: RankSet = RankSet(first: 64)) throws -> Bool {
      var hasDone = false
      for (rank, node) in members.enumerated() {
        node.member.poll(network.fabrics[rank])
        let worked = try node.member.turn(on: network.fabrics[rank]) {
          groups throws(MulticastError) in
          guard taking.contains(Rank(rank)), groups[0].isReceiver else { return false }
          while let message = try groups[0].next() {
            delivered[rank].append("\(message.sender.index):\(String(message.bytes))")
          }
          return false
        }
        hasDone = worked || hasDone
      }
      while let link = network.movable.first { network.move(link.source, link.target) }
      return hasDone
    }

    /// Turns until nobody has anything to do.
    func settle(taking: RankSet = RankSet(first: 64)) throws {
      for _ in 0..<10_000 where try !turn(taking: taking) { return }
      Issue.record("the group does not come to rest")
    }
  }

  private static func plan(senders: [Int], receivers: [Int]) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: "s", senders: senders.map { Rank($0) }, receivers: RankSet(receivers.map { Rank($0) }))
    plan.smallBytes = 100
    plan.smallRingBytes = 1024
    plan.blockRingBytes = 8192
    plan.blockBytes = 512
    return plan
  }

  @Test("messages of several senders come in the order of turns, at every receiver")
  func turns() throws {
    let group = try Group(Self.plan(senders: [2, 0, 1], receivers: [0, 1, 2]), members: 3)
    for rank in 0..<3 { for text in ["a", "b"] { #expect(group.send(text, from: rank)) } }
    try group.settle()
    for rank in 0..<3 {
      #expect(group.delivered[rank] == ["2:a", "0:a", "1:a", "2:b", "0:b", "1:b"])
    }
  }

  @Test("a sender with nothing to say gives its turns away, and holds nobody up")
  func skippedTurns() throws {
    let group = try Group(Self.plan(senders: [0, 1, 2], receivers: [0, 1, 2]), members: 3)
    for text in ["a", "b", "c"] { #expect(group.send(text, from: 1)) }
    try group.settle()
    #expect(group.delivered == [[String]](repeating: ["1:a", "1:b", "1:c"], count: 3))
    #expect(group.send("d", from: 2))
    try group.settle()
    #expect(group.delivered[0].last == "2:d")
  }

  @Test("a member that only sends keeps nothing of others, and nobody waits for it")
  func sendOnly() throws {
    let group = try Group(Self.plan(senders: [0, 1], receivers: [2, 3]), members: 4)
    #expect(group.send("a", from: 0))
    #expect(group.send(String(repeating: "x", count: 3000), from: 1))
    try group.settle()
    #expect(group.delivered[0].isEmpty && group.delivered[1].isEmpty)
    #expect(group.delivered[2].map(\.count) == [3, 3002])
    #expect(group.delivered[3] == group.delivered[2])
  }

  @Test("messages of no bytes and of the most bytes arrive", arguments: BlockAlgorithm.allCases)
  func sizes(algorithm: BlockAlgorithm) throws {
    var plan = Self.plan(senders: [0], receivers: [0, 1, 2, 3, 4])
    plan.algorithm = algorithm
    let group = try Group(plan, members: 5)
    let sizes = [0, 1, 100, 101, 511, 512, 513, 8191, 8192, 0]
    for size in sizes {
      #expect(group.send(String(repeating: "m", count: size), from: 0))
      try group.settle()
    }
    for rank in 0..<5 { #expect(group.delivered[rank].map { $0.count - 2 } == sizes) }
  }

  @Test("a sender stops at its window until the slowest receiver has delivered")
  func window() throws {
    var plan = Self.plan(senders: [0], receivers: [0, 1, 2])
    plan.window = 3
    let group = try Group(plan, members: 3)
    let quick = RankSet([Rank(0), Rank(1)])
    for text in ["a", "b", "c"] { #expect(group.send(text, from: 0)) }
    #expect(!group.send("d", from: 0))
    try group.settle(taking: quick)
    #expect(group.delivered[1].count == 3)
    #expect(!group.send("d", from: 0), "rank 2 has delivered nothing yet")
    try group.settle()
    #expect(group.send("d", from: 0))
    try group.settle()
    #expect(group.delivered[2] == ["0:a", "0:b", "0:c", "0:d"])
  }

  @Test("a place that is filled over several turns stays as it is, whoever sends meanwhile")
  func slowFilling() throws {
    let group = try Group(Self.plan(senders: [0, 1], receivers: [0, 1]), members: 2)
    for size in [5, 600] {
      let place = try #require(group.reserve(size, for: 0))
      #expect(group.send("b", from: 1))
      try group.settle()
      let bytes = [UInt8](repeating: 0x61, count: size)
      bytes.withBytes { place.segment.write($0, at: place.offset) }
      group.commit(from: 0)
      try group.settle()
      let wanted = ["0:" + String(repeating: "a", count: size), "1:b"]
      for rank in 0..<2 { #expect(group.delivered[rank].suffix(2) == wanted) }
    }
  }

  @Test("bytes that are no message end the subgroup with an error that names the sender")
  func damage() throws {
    let group = try Group(Self.plan(senders: [0], receivers: [0, 1]), members: 2)
    #expect(group.send("a", from: 0))
    let ring = group.layout().subgroups[0].smallRings[0]
    group.network.fabrics[0].segment(Rank(0)).writeWord(.max, at: ring)
    let error = #expect(throws: MulticastError.self) { try group.settle() }
    #expect(error == .damaged(subgroup: "s", sender: Rank(0)))
    #expect(error?.description.contains("s: rank 0 wrote what is no message") == true)
  }

  @Test("after a death no member sends or takes in anything more")
  func wedge() throws {
    let group = try Group(Self.plan(senders: [0, 1, 2], receivers: [0, 1, 2]), members: 3)
    group.network.kill(Rank(2))
    for rank in 0..<2 { group.network.report(Rank(2), to: Rank(rank)) }
    #expect(group.send("a", from: 0))
    try group.settle()
    #expect(group.delivered[0].isEmpty && group.delivered[1].isEmpty)
    #expect(group.network.movable.isEmpty)
  }
}
