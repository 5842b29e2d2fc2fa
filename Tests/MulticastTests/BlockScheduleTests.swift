// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport
import Testing

@testable import Multicast

/// One block on its way.
struct Transfer: Hashable {
  let step: Int
  let source: Int
  let target: Int
  let block: Int
}

extension BlockSchedule {
  /// All transfers, ordered by step and source.
  var transfers: [Transfer] {
    (0..<steps).flatMap { step in
      (0..<members).compactMap { source in
        transfer(step, from: source).map {
          Transfer(step: step, source: source, target: $0.target, block: $0.block)
        }
      }
    }
  }
}

/// A line of the file that the oracle wrote.
struct OracleLine {
  let members: Int
  let blocks: Int
  let steps: Int
  let transfers: Int
  let digest: UInt64

  init?(_ text: Substring) {
    let words = text.split(separator: " ")
    guard words.count == 5, let members = Int(words[0]), let blocks = Int(words[1]),
      let steps = Int(words[2]), let transfers = Int(words[3]),
      let digest = UInt64(words[4], radix: 16)
    else { return nil }
    self.members = members
    self.blocks = blocks
    self.steps = steps
    self.transfers = transfers
    self.digest = digest
  }

  static func all() throws -> [OracleLine] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Oracle/binomial_schedule.golden")
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      try #require(OracleLine($0), "\($0)")
    }
  }
}

@Suite("Schedules of blocks")
struct BlockScheduleTests {
  private static func digest(_ transfers: [Transfer]) -> UInt64 {
    transfers.reduce(0xCBF2_9CE4_8422_2325) { hash, transfer in
      [transfer.step, transfer.source, transfer.target, transfer.block].reduce(hash) {
        ($0 ^ UInt64($1)) &* 0x100_0000_01B3
      }
    }
  }

  /// What is wrong with a schedule, by playing it; nil where it does what it has to.
  static func fault(_ schedule: BlockSchedule) -> String? {
    let (n, k) = (schedule.members, schedule.blocks)
    // The step after which a member holds a block.
    var held = [[Int]](repeating: [Int](repeating: .max, count: k), count: n)
    held[0] = [Int](repeating: -1, count: k)
    for step in 0..<schedule.steps {
      var received = [Bool](repeating: false, count: n)
      var expected = 0
      for member in 0..<n where schedule.incoming(step, to: member) != nil { expected += 1 }
      for source in 0..<n {
        guard let (target, block) = schedule.transfer(step, from: source) else { continue }
        let place = "step \(step): \(source) sends block \(block) to \(target)"
        guard (0..<n).contains(target), (0..<k).contains(block) else { return place }
        if held[source][block] >= step { return "\(place), and does not hold it" }
        if held[target][block] != .max { return "\(place), which has it" }
        if received[target] { return "\(place), which receives another one" }
        guard let incoming = schedule.incoming(step, to: target), incoming == (source, block) else {
          return "\(place), which does not expect it"
        }
        received[target] = true
        held[target][block] = step
        expected -= 1
      }
      if expected != 0 { return "step \(step): blocks are expected that nobody sends" }
    }
    return held.allSatisfy { $0.allSatisfy { $0 != .max } } ? nil : "a block is missing"
  }

  /// The steps that the documentation of the algorithms promises.
  private static func promisedSteps(_ algorithm: BlockAlgorithm, _ n: Int, _ k: Int) -> Int {
    var stages = 0
    while 1 << stages < n { stages += 1 }
    if n == 1 { return 0 }
    return switch algorithm {
    case .binomial: k + stages - 1
    case .chain: k + n - 2
    case .sequential: k * (n - 1)
    case .tree: k * stages
    }
  }

  private static func expectSound(_ algorithm: BlockAlgorithm, _ n: Int, _ k: Int) {
    let schedule = BlockSchedule(algorithm: algorithm, members: n, blocks: k)
    let fault = fault(schedule)
    #expect(fault == nil, "\(algorithm), \(n) members, \(k) blocks")
    #expect(schedule.steps == promisedSteps(algorithm, n, k), "\(algorithm), \(n), \(k)")
  }

  @Test("The binomial pipeline does exactly what the oracle does")
  func oracle() throws {
    let lines = try OracleLine.all()
    #expect(lines.count == 68 * 10)
    for line in lines {
      let schedule = BlockSchedule(
        algorithm: .binomial, members: line.members, blocks: line.blocks)
      let transfers = schedule.transfers
      let place: Comment = "\(line.members) members, \(line.blocks) blocks"
      #expect(schedule.steps == line.steps, place)
      #expect(transfers.count == line.transfers, place)
      #expect(Self.digest(transfers) == line.digest, place)
    }
  }

  @Test(
    "Every block reaches every member once, from one who held it, one in and one out a step",
    arguments: BlockAlgorithm.allCases)
  func sound(_ algorithm: BlockAlgorithm) {
    for n in 1...20 {
      for k in 1...40 { Self.expectSound(algorithm, n, k) }
    }
    for seed in 1...24 {
      var random = RandomSource(seed)
      Self.expectSound(algorithm, random.number(21...69), random.number(1...120))
    }
    Self.expectSound(algorithm, 3, 3000)
  }

  @Test("The simple algorithms send to whom their rules say")
  func simpleRules() {
    let k = 3
    var chain: Set<Transfer> = []
    var sequential: Set<Transfer> = []
    var tree: Set<Transfer> = []
    for block in 0..<k {
      for target in 1..<6 {
        chain.insert(
          Transfer(step: target - 1 + block, source: target - 1, target: target, block: block))
        sequential.insert(
          Transfer(step: (target - 1) * k + block, source: 0, target: target, block: block))
      }
      for (stage, source, target) in [(0, 0, 1), (1, 0, 2), (1, 1, 3), (2, 0, 4), (2, 1, 5)] {
        tree.insert(
          Transfer(step: stage * k + block, source: source, target: target, block: block))
      }
    }
    for (algorithm, expected) in [(.chain, chain), (.sequential, sequential), (.tree, tree)]
      as [(BlockAlgorithm, Set<Transfer>)]
    {
      let schedule = BlockSchedule(algorithm: algorithm, members: 6, blocks: k)
      #expect(Set(schedule.transfers) == expected, "\(algorithm)")
    }
  }

  @Test("In the steps that are not a member's, it neither sends nor receives")
  func stepsOfMembers() {
    for algorithm in BlockAlgorithm.allCases {
      let schedule = BlockSchedule(algorithm: algorithm, members: 7, blocks: 5)
      for member in 0..<7 {
        let own = schedule.steps(of: member)
        for step in 0..<schedule.steps where !own.contains(step) {
          #expect(schedule.transfer(step, from: member) == nil, "\(algorithm) \(member) \(step)")
          #expect(schedule.incoming(step, to: member) == nil, "\(algorithm) \(member) \(step)")
        }
      }
    }
  }
}
