// SPDX-License-Identifier: Apache-2.0
import Environment
import StateTable
import Testing
import Vocabulary

@testable import Multicast

@Suite struct GroupLayoutTests {
  private static func plan(_ name: String, senders: [Int], receivers: [Int]) -> SubgroupPlan {
    var plan = SubgroupPlan(
      name: name, senders: senders.map { Rank($0) },
      receivers: RankSet(receivers.map { Rank($0) }))
    plan.blockRingBytes = 1 << 20
    return plan
  }

  @Test("payload is held by a subgroup's receivers alone, and written by its sender or by them")
  func holders() throws {
    let shard = Self.plan("k1", senders: [0, 1, 2, 3], receivers: [2, 3])
    let layout = try GroupLayout(hosts: Hosts(apart: 5), subgroups: [shard])
    for (sender, segment) in layout.plan.segments.enumerated() {
      for region in segment.regions where region.kind == .payload {
        #expect(region.holders == shard.receivers)
        let isBlocks = region.name == "k1.blocks"
        #expect(
          region.writers == (isBlocks ? shard.receivers : RankSet()).union(RankSet([Rank(sender)])))
      }
    }
    #expect(layout.plan.segments[4].regions.map(\.name) == ["table"])
  }

  @Test("regions, columns and counters lie apart, whatever the subgroups")
  func noOverlap() throws {
    let plans = [
      Self.plan("a", senders: [1, 0], receivers: [0, 1, 2]),
      Self.plan("b", senders: [3], receivers: [0]),
    ]
    let layout = try GroupLayout(hosts: Hosts(apart: 4), subgroups: plans)
    layout.schema.check()
    for segment in layout.plan.segments {
      var end = 0
      for region in segment.regions {
        #expect(region.offset >= end)
        end = region.offset + region.byteCount
      }
      #expect(end == segment.byteCount)
    }
    for (index, plan) in plans.enumerated() {
      for (place, sender) in plan.senders.enumerated() {
        let segment = layout.plan.segments[sender.index]
        let small = layout.subgroups[index].smallRings[place]
        let blocks = layout.subgroups[index].blockRings[place]
        #expect(segment.region(small, plan.smallRingBytes)?.name == "\(plan.name).small")
        #expect(segment.region(blocks, plan.blockRingBytes)?.name == "\(plan.name).blocks")
      }
    }
  }

  @Test("members that share memory keep no counters of blocks")
  func sharedMemory() throws {
    let plan = Self.plan("a", senders: [0], receivers: [0, 1])
    let layout = try GroupLayout(hosts: Hosts(together: 2), subgroups: [plan])
    #expect(layout.subgroups[0].counters.allSatisfy { $0 == nil })
    #expect(layout.plan.segments[1].regions.map(\.name) == ["table"])
  }

  @Test(
    "blocks are passed on among members that share memory neither with the sender nor together",
    arguments: [
      ([0, 0, 0, 0], [[Int]]()), ([0, 1, 2, 3], [[1, 2, 3, 0]]), ([0, 0, 1, 2], [[1, 2, 3]]),
      ([0, 0, 1, 1], [[1, 2], [1, 3]]), ([1, 0, 2, 1], [[1, 2, 3], [1, 0]]),
    ])
  func blockGroups(hosts: [Int], wanted: [[Int]]) throws {
    let plan = Self.plan("a", senders: [1], receivers: [0, 1, 2, 3])
    let layout = try GroupLayout(hosts: Hosts(hosts), subgroups: [plan])
    let groups = layout.subgroups[0].blockGroups[0]
    #expect(groups.map { $0.map(\.index) } == wanted)
    #expect(layout.subgroups[0].counters.allSatisfy { ($0 == nil) == wanted.isEmpty })
  }

  @Test("whoever has other members on one host has another layout; names do not matter")
  func hosts() throws {
    let plan = Self.plan("a", senders: [0], receivers: [0, 1, 2])
    func print(_ names: [String]) throws -> UInt64 {
      try GroupLayout(hosts: Hosts(names), subgroups: [plan]).plan.fingerprint
    }
    #expect(try print(["a", "b", "a"]) == print(["x", "y", "x"]))
    #expect(try print(["a", "b", "a"]) != print(["a", "b", "b"]))
    #expect(try print(["a", "a", "a"]) != print(["a", "b", "c"]))
  }

  @Test("a group has 1 to 64 members, and says so", arguments: [0, 65, 1000])
  func memberLimit(members: Int) {
    let error = #expect(throws: GroupError.self) {
      try GroupLayout(hosts: Hosts(together: members), subgroups: [])
    }
    #expect(error?.description.contains("1 to 64 members, not \(members)") == true)
  }

  @Test("64 members fit")
  func mostMembers() throws {
    let plan = Self.plan("all", senders: Array(0..<64), receivers: Array(0..<64))
    let layout = try GroupLayout(hosts: Hosts(apart: 64), subgroups: [plan])
    #expect(layout.plan.members.count == 64)
  }

  @Test("whatever peers rely on changes the fingerprint")
  func fingerprint() throws {
    let base = Self.plan("a", senders: [0, 1], receivers: [0, 1, 2])
    var variants = [base]
    func vary(_ change: (inout SubgroupPlan) -> Void) {
      var plan = base
      change(&plan)
      variants.append(plan)
    }
    vary { $0.smallRingBytes *= 2 }
    vary { $0.blockRingBytes *= 2 }
    vary { $0.blockRingBytes = 0 }
    variants.append(Self.plan("b", senders: [0, 1], receivers: [0, 1, 2]))
    variants.append(Self.plan("a", senders: [0, 2], receivers: [0, 1, 2]))
    variants.append(Self.plan("a", senders: [0, 1], receivers: [0, 1]))
    // Not in the memory, but in what is said about it: the rules that all must follow alike.
    vary { $0.senders = [Rank(1), Rank(0)] }
    vary { $0.window = 7 }
    vary { $0.smallBytes = 64 }
    vary { $0.blockBytes = 4096 }
    vary { $0.blockWindow = 2 }
    vary { $0.algorithm = .chain }
    let prints = try variants.map {
      try GroupLayout(hosts: Hosts(apart: 3), subgroups: [$0]).plan.fingerprint
    }
    #expect(Set(prints).count == variants.count)
    #expect(
      try GroupLayout(hosts: Hosts(apart: 3), subgroups: [base]).plan.fingerprint
        == prints[0])
  }
}
