// SPDX-License-Identifier: Apache-2.0
import Fabrics
import TestSupport
import Testing

/// Two members that send each other messages as the credits allow; the wire delays them.
private struct CreditPair {
  struct End {
    var credits: MessageCredits
    /// Receives that are posted.
    var receives: Int
    /// Messages that this end still wants to send.
    var wanted: Int
    /// What is on the way to this end: the number that each message carries.
    var arriving: [UInt32] = []
  }

  var ends: [End]

  init(depth: Int, wanted: (Int, Int)) {
    ends = [wanted.0, wanted.1].map {
      End(credits: MessageCredits(depth: depth), receives: depth, wanted: $0)
    }
  }

  /// Sends what an end may send now; false where it may nothing.
  mutating func send(_ from: Int) -> Bool {
    if ends[from].wanted > 0, ends[from].credits.maySend {
      ends[from].wanted -= 1
    } else if !ends[from].credits.mustReturn {
      return false
    }
    ends[1 - from].arriving.append(ends[from].credits.send())
    return true
  }

  /// Takes the oldest message; false where none is there, nil where no receive waited for it.
  mutating func receive(_ at: Int) -> Bool? {
    guard !ends[at].arriving.isEmpty else { return false }
    let returned = ends[at].arriving.removeFirst()
    return ends[at].credits.receive(returned: returned)
  }
}

@Suite struct VerbsCreditTests {
  @Test("no message is sent without a receive, and none waits for ever", arguments: [4, 5, 16, 64])
  func credits(depth: Int) {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed &+ depth)
    for _ in 0..<50 {
      let wanted = (random.number(0...500), random.number(0...500))
      var pair = CreditPair(depth: depth, wanted: wanted)
      let patience = random.number(1...10)
      for _ in 0..<100_000 {
        let end = random.number(0...1)
        if random.number(0...patience) == 0 {
          #expect(pair.receive(end) != nil)
        } else {
          _ = pair.send(end)
        }
        // What is on the way has a receive each: the others hold messages already taken.
        #expect(pair.ends[0].arriving.count <= depth, "seed \(runSeed)")
        #expect(pair.ends[1].arriving.count <= depth, "seed \(runSeed)")
        if pair.ends.allSatisfy({ $0.wanted == 0 }) { break }
      }
      // From here on, all that can happen happens: then nothing may be left.
      var isMoving = true
      var turns = 0
      while isMoving, turns < 10_000 {
        isMoving = false
        turns += 1
        for end in 0...1 {
          while pair.send(end) { isMoving = true }
          while pair.receive(end) == true { isMoving = true }
        }
      }
      #expect(!isMoving, "messages without end, seed \(runSeed)")
      #expect(pair.ends.allSatisfy { $0.wanted == 0 }, "stuck at depth \(depth), seed \(runSeed)")
    }
  }

  @Test("a peer that gives back more receives than it got messages is found out")
  func tooMuch() {
    var credits = MessageCredits(depth: 4)
    _ = credits.send()
    #expect(credits.available == 3)
    let mayBe = credits.receive(returned: 1)
    #expect(mayBe)
    #expect(credits.available == 4)
    let cannotBe = credits.receive(returned: 2)
    #expect(!cannotBe)
    let goesBack = credits.receive(returned: 0)
    #expect(!goesBack)
  }

  @Test("a fabric takes what a device has, and refuses one that is too small with the numbers")
  func share() throws {
    var limits = DeviceLimits()
    limits.name = "rxe0"
    limits.memoryBytes = .max
    limits.messageBytes = 8 << 20
    limits.queueDepth = 1 << 20
    limits.completions = 32_767
    limits.pieces = 32
    limits.connections = 10_000
    let roomy = try DeviceShare(of: limits, peers: 63, memoryBytes: 1 << 30)
    #expect(roomy.sendDepth == 128 && roomy.receiveDepth == 64)
    #expect(roomy.completions <= 32_767)
    #expect(roomy.writeBytesMaximum == 1 << 20)

    limits.completions = 8_000
    let narrow = try DeviceShare(of: limits, peers: 63, memoryBytes: 1 << 30)
    #expect(narrow.sendDepth == 64 && narrow.receiveDepth == 32)
    #expect(narrow.completions <= 8_000)

    limits.queueDepth = 20
    limits.messageBytes = 10_000
    let small = try DeviceShare(of: limits, peers: 63, memoryBytes: 1 << 30)
    #expect(small.sendDepth == 20 && small.receiveDepth == 20)
    #expect(small.writeBytesMaximum == 8192)

    func refusal(_ change: (inout DeviceLimits) -> Void) -> String {
      var changed = limits
      change(&changed)
      do throws(FabricError) {
        _ = try DeviceShare(of: changed, peers: 63, memoryBytes: 1 << 30)
        return "taken"
      } catch {
        return error.code == .noDevice ? error.message : "another code: \(error)"
      }
    }
    #expect(refusal { $0.completions = 1_000 }.contains("1000 completions"))
    #expect(refusal { $0.queueDepth = 8 }.contains("takes 8 requests"))
    #expect(refusal { $0.memoryBytes = 1 << 20 }.contains("at most 1048576 bytes"))
    #expect(refusal { $0.connections = 70 }.contains("has 70 queue pairs, and 71"))
    #expect(refusal { $0.pieces = 0 }.contains("0 pieces"))
    #expect(refusal { $0.messageBytes = 1024 }.contains("1024 bytes"))
  }
}
