// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Dataflow

@Suite struct OutflowTests {
  private static func outflow() -> Outflow<Int> { Outflow { $0 % 10 } }

  /// Says what an outflow should do, in the plainest way.
  private struct Model {
    var waiting: [Int] = []
    /// By message under way: its turn, and what is in it.
    var underWay: [(turn: UInt64, items: [Int])] = []

    var bytes: Int { waiting.reduce(0) { $0 + $1 % 10 } }

    mutating func deliver(_ turns: UInt64) -> [Int] {
      let out = underWay.prefix { $0.turn < turns }
      underWay.removeFirst(out.count)
      return out.flatMap(\.items)
    }
  }

  private struct Run {
    var random: RandomSource
    var outflow = OutflowTests.outflow()
    var model = Model()
    var made = 0
    var turn: UInt64 = 0
    let seed: Int

    mutating func append() {
      for _ in 0..<random.number(1...4) {
        made += 1
        outflow.append(made)
        model.waiting.append(made)
      }
    }

    mutating func send() {
      let maximum = random.number(0...20)
      let (items, bytes) = outflow.next(maximum)
      #expect(Array(items) == Array(model.waiting.prefix(items.count)), "seed \(seed)")
      #expect(bytes == items.reduce(0) { $0 + $1 % 10 }, "seed \(seed)")
      #expect(items.count <= 1 || bytes <= maximum, "seed \(seed)")
      if items.count < model.waiting.count, !items.isEmpty {
        #expect(bytes + model.waiting[items.count] % 10 > maximum, "seed \(seed)")
      }
      #expect(items.isEmpty == model.waiting.isEmpty, "seed \(seed)")
      guard !items.isEmpty else { return }
      // Turns may be given away in between.
      turn += UInt64(random.number(0...2))
      outflow.markSent(items.count, turn: turn)
      model.underWay.append((turn, Array(items)))
      model.waiting.removeFirst(items.count)
      turn += 1
    }

    mutating func deliver() {
      let turns = UInt64(random.number(0...Int(turn)))
      #expect(Array(outflow.takeDelivered(turns)) == model.deliver(turns), "seed \(seed)")
    }

    mutating func endView() {
      let turns = UInt64(random.number(0...Int(turn)))
      let delivered = model.deliver(turns)
      let isWanted: (Int) -> Bool = { $0 % 7 != 0 }
      #expect(Array(outflow.endView(turns, isWanted)) == delivered, "seed \(seed)")
      model.waiting = (model.underWay.flatMap(\.items) + model.waiting).filter(isWanted)
      model.underWay = []
      turn = 0
    }

    mutating func step() {
      switch random.number(0...19) {
      case 0...6: append()
      case 7...13: send()
      case 14...16: deliver()
      case 17:
        outflow.dropNext()
        if !model.waiting.isEmpty { model.waiting.removeFirst() }
      case 18:
        let seed = random.number(2...5)
        outflow.drop { $0 % seed == 0 }
        model.waiting.removeAll { $0 % seed == 0 }
      default: endView()
      }
      #expect(outflow.waitingBytes == model.bytes, "seed \(self.seed)")
      #expect(outflow.isEmpty == (model.waiting.isEmpty && model.underWay.isEmpty))
    }
  }

  @Test("Nothing is lost, sent twice or out of order, whatever is appended, sent and delivered")
  func model() {
    for seed in 1...60 {
      var run = Run(random: RandomSource(seed), seed: seed)
      for _ in 0..<400 { run.step() }
      let rest = Array(run.outflow.endView(0) { _ in true })
      #expect(rest == [], "seed \(seed)")
      let all = run.model.underWay.flatMap(\.items) + run.model.waiting
      #expect(Array(run.outflow.next(.max).items) == all, "seed \(seed)")
    }
  }

  @Test("An item that is larger than a message goes alone")
  func large() {
    var outflow = Self.outflow()
    for item in [9, 1] { outflow.append(item) }
    #expect(Array(outflow.next(5).items) == [9])
    #expect(outflow.next(5).byteCount == 9)
    #expect(Array(outflow.next(10).items) == [9, 1])
  }

  @Test("What is delivered is handed out once, as long as it lasts")
  func long() {
    var outflow = Self.outflow()
    var delivered: [Int] = []
    for item in 0..<1000 {
      outflow.append(item)
      outflow.markSent(1, turn: UInt64(item))
      if item >= 5 { delivered += outflow.takeDelivered(UInt64(item - 4)) }
    }
    delivered += outflow.takeDelivered(1000)
    #expect(delivered == Array(0..<1000))
    #expect(outflow.isEmpty)
  }
}
