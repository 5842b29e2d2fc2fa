// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Memory
import TestSupport
import Testing
import Vocabulary

/// Handshakes of nodes that want to carry letters.
@Suite struct NodeHandshakeTests {
  private static func introduction(
    _ number: UInt64, cluster: String = "blue", version: UInt32 = 1, name: String = "node",
    address: String = "127.0.0.1:7000"
  ) -> NodeIntroduction {
    NodeIntroduction(
      id: NodeID(high: number, low: ~number), name: name, cluster: cluster, version: version,
      address: address)
  }

  private func pair(
    _ initiating: NodeIntroduction = introduction(1),
    _ accepting: NodeIntroduction = introduction(2),
    keys: (ClusterKey?, ClusterKey?) = (HandshakePair.key(), HandshakePair.key()),
    wanted: NodeID? = nil
  ) -> HandshakePair {
    var pair = HandshakePair()
    pair.initiator = Handshake(
      role: .initiator, introduction: initiating, key: keys.0, wanted: wanted, peer: "host-a:7000")
    pair.acceptor = Handshake(
      role: .acceptor, introduction: accepting, key: keys.1, peer: "host-b:41234")
    return pair
  }

  @Test(arguments: [1, 7, 500, Int.max])
  func `Nodes of one cluster learn who the other is`(pieces: Int) {
    let long = String(repeating: "ä", count: 127)
    let mine = Self.introduction(1, cluster: long, name: long + "x", address: "")
    let theirs = Self.introduction(2, cluster: long, name: "", address: long)
    for keys in [(HandshakePair.key(), HandshakePair.key()), (nil, nil)] {
      for wanted in [nil, theirs.id] {
        var pair = pair(mine, theirs, keys: keys, wanted: wanted)
        let ends = pair.meet(pieces: pieces)
        #expect(ends.initiator?.peer?.introduction == theirs)
        #expect(ends.acceptor?.peer?.introduction == mine)
        #expect(pair.initiator.isProven && pair.acceptor.isProven)
      }
    }
  }

  @Test func `Exactly those that agree in everything are taken in`() {
    let keys = [nil, HandshakePair.key(), HandshakePair.key("another key, as long as the first")]
    for mine in 0..<3 {
      for their in 0..<3 {
        for cluster in ["blue", "green"] {
          for version in [1, 2] as [UInt32] {
            for caller in [1, 2] as [UInt64] {
              for wanted in [nil, 2, 3] as [UInt64?] {
                var pair = pair(
                  Self.introduction(caller, cluster: cluster, version: version),
                  keys: (keys[mine], keys[their]),
                  wanted: wanted.map { NodeID(high: $0, low: ~$0) })
                let ends = pair.meet()
                let fits =
                  mine == their && cluster == "blue" && version == 1 && caller == 1 && wanted != 3
                #expect((ends.acceptor?.peer != nil) == fits)
                #expect((ends.initiator?.peer != nil) == fits)
                guard !fits else { continue }
                #expect(ends.acceptor?.error?.code == .refused)
                #expect(ends.initiator?.error?.code == .refused)
                #expect(pair.initiator.refusal == pair.acceptor.refusal)
              }
            }
          }
        }
      }
    }
  }

  @Test func `Another node than the wanted one is named on both sides`() {
    var pair = pair(wanted: NodeID(high: 3 << 32, low: 0))
    let ends = pair.meet()
    #expect(pair.initiator.refusal == .nodeOther)
    #expect(ends.initiator?.error?.message.contains("no longer node 00000003") == true)
    #expect(ends.acceptor?.error?.message.contains("this is node 00000000") == true)
  }

  @Test func `A member and a node refuse each other, in both roles`() {
    for isMemberInitiating in [true, false] {
      var mixed = pair()
      let members = HandshakePair()
      if isMemberInitiating {
        mixed.initiator = members.initiator
      } else {
        mixed.acceptor = members.acceptor
      }
      let hasKeys = mixed.meet()
      #expect(hasKeys.initiator?.error?.message.contains("to carry letters") == true)
      #expect(hasKeys.acceptor?.error?.message.contains("to meet its group") == true)
      #expect(mixed.initiator.refusal == .purpose)
    }
  }

  @Test func `No byte of a node's hello can be changed on the way`() throws {
    let seed = 19
    var random = RandomSource(seed)
    var fresh = pair()
    let sent = try fresh.hello()
    for index in sent.indices {
      var changed = sent
      changed[index] ^= 1 << UInt8(random.number(0...7))
      var copy = fresh
      var step = copy.acceptor.take(changed)
      if case .send(let answer) = step { step = copy.initiator.take(answer) }
      #expect(step.error?.code == .refused, "byte \(index), seed \(seed)")
    }
  }

  /// Without a key nothing is proven, so what is damaged reaches the decoder as it is.
  @Test func `No introduction that is damaged traps`() throws {
    let seed = 23
    var random = RandomSource(seed)
    var fresh = pair(keys: (nil, nil))
    let sent = try fresh.hello()
    var refusals = 0
    for _ in 0..<20_000 {
      var changed = sent
      for _ in 0...random.number(0...3) {
        // The length of the introduction and what stands in it.
        changed[random.number(64...150)] = UInt8(random.number(0...255))
      }
      var copy = fresh.acceptor
      if copy.take(changed).error != nil { refusals += 1 }
    }
    #expect(refusals > 5_000, "seed \(seed)")
  }
}
