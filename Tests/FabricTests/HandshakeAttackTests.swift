// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Memory
import TestSupport
import Testing
import Vocabulary

/// Somebody on the wire, who does not know the key.
@Suite struct HandshakeAttackTests {
  /// The messages of a handshake that goes well.
  private func messages(_ pair: HandshakePair) -> [[UInt8]] {
    var pair = pair
    var seen: [[UInt8]] = []
    _ = pair.meet { _, bytes in
      seen.append(bytes)
      return bytes
    }
    return seen
  }

  @Test(arguments: 0..<3) func `No byte can be changed on the way`(number: Int) throws {
    let seed = 41 + number
    var random = RandomSource(seed)
    var pair = HandshakePair(HandshakePair.hello(rank: 2, extra: [5, 6, 7]))
    var sent = try pair.hello()
    if number > 0 { sent = try pair.acceptor.answer(sent) }
    if number > 1 { sent = try pair.initiator.answer(sent) }
    for index in sent.indices {
      var changed = sent
      changed[index] ^= 1 << UInt8(random.number(0...7))
      var copy = pair
      // A changed hello of the initiator is found by the initiator, in the acceptor's proof.
      var step =
        number == 1
        ? copy.initiator.take(changed)
        : copy.acceptor.take(changed)
      if number == 0, case .send(let answer) = step {
        step = copy.initiator.take(answer)
      }
      #expect(step.peer == nil, "byte \(index), seed \(seed)")
      #expect(step.error?.code == .refused, "byte \(index), seed \(seed)")
    }
  }

  @Test func `A message that is cut short is waited for, and one that is too long refused`() throws
  {
    let sent = messages(HandshakePair())
    #expect(sent.count == 3)
    for number in 0..<3 {
      for count in stride(from: 0, to: sent[number].count, by: 7) {
        var pair = HandshakePair()
        var step = Handshake.Step.needs(0)
        var bytes = try pair.hello()
        for turn in 0...number {
          let part = turn == number ? Array(bytes.prefix(count)) : bytes
          step =
            turn % 2 == 0
            ? pair.acceptor.take(part)
            : pair.initiator.take(part)
          bytes = step.sent ?? []
        }
        guard case .needs(let more) = step else {
          Issue.record("message \(number) cut at \(count): \(step)")
          return
        }
        #expect(more > 0 && more <= sent[number].count - count)
      }
      var pair = HandshakePair()
      let ends = pair.meet { $0 == number ? $1 + [0] : $1 }
      let step = number % 2 == 0 ? ends.acceptor : ends.initiator
      #expect(step?.error?.code == .refused)
    }
  }

  @Test func `What a member sent does not serve as the answer to it`() throws {
    for number in 0..<2 {
      for keys in [(HandshakePair.key(), HandshakePair.key()), (nil, nil)] {
        var pair = HandshakePair(keys: keys)
        let hello = try pair.hello()
        let answer = try pair.acceptor.answer(hello)
        // Every message back to the end that made it, under each of the four tags.
        let own = number == 0 ? hello : answer
        for tag in ["mapredH1", "mapredH2", "mapredV1", "mapredV2"] {
          let size = ["mapredH1": hello.count, "mapredH2": answer.count][tag] ?? 64
          var forged = Array(tag.utf8) + own.dropFirst(8)
          forged = Array(forged.prefix(size))
          forged += [UInt8](repeating: 0, count: size - forged.count)
          var copy = pair
          let step =
            number == 0
            ? copy.initiator.take(forged)
            : copy.acceptor.take(forged)
          #expect(step.error?.code == .refused, "message \(number) as \(tag)")
        }
      }
    }
  }

  @Test func `Two initiators refuse each other`() throws {
    var pair = HandshakePair()
    var other = HandshakePair()
    _ = try pair.hello()
    let hello = try other.hello()
    let step = pair.initiator.take(hello)
    #expect(step.error?.code == .refused)
  }

  @Test func `A recorded handshake proves nothing to a member with another nonce`() throws {
    let recorded = messages(HandshakePair())
    // As initiator, with all that the member said then.
    var pair = HandshakePair()
    let answer = pair.acceptor.take(recorded[0])
    #expect(answer.sent != nil && answer.sent != recorded[1])
    let end = pair.acceptor.take(recorded[2])
    #expect(end.error?.message.contains("does not know the cluster key") == true)
    // As acceptor.
    var other = HandshakePair()
    _ = other.initiator.start()
    let refused = other.initiator.take(recorded[1])
    #expect(refused.error?.message.contains("does not know the cluster key") == true)
  }

  @Test func `A made-up refusal is told but not proven`() throws {
    var pair = HandshakePair()
    let hello = try pair.hello()
    _ = pair.acceptor.take(hello)
    var forged = Array("mapredV1".utf8) + [1, 0, 0, 0, 7, 0, 0, 0]
    forged += [UInt8](repeating: 1, count: 48)
    let end = pair.acceptor.take(forged)
    #expect(end.error?.code == .refused)
    #expect(!pair.acceptor.isProven)
  }

  /// Garbage at every place of a handshake: pure noise, and noise behind the right first bytes.
  @Test func `No garbage is taken for a member, and none of it traps`() {
    let seed = 20_260
    var random = RandomSource(seed)
    let fresh = [HandshakePair(), HandshakePair(keys: (nil, nil))].map { pair in
      var pair = pair
      let hello = pair.initiator.start() ?? []
      var waiting = pair
      _ = waiting.acceptor.take(hello)
      return (pair, waiting)
    }
    let tags = ["mapredH1", "mapredH2", "mapredV1", "mapredV2"].map { Array($0.utf8) }
    var refusals = 0
    for round in 0..<100_000 {
      let (unmet, waiting) = fresh[round % 2]
      var end = [unmet.initiator, unmet.acceptor, waiting.acceptor][random.number(0...2)]
      var garbage = random.bytes(random.number(0...40))
      if random.number(0...1) == 0 {
        garbage = tags[random.number(0...3)] + [UInt8(random.number(0...1)), 0, 0, 0] + garbage
      }
      if random.number(0...200) == 0 { garbage += random.bytes(1100) }
      var start = 0
      var step = Handshake.Step.needs(0)
      while start < garbage.count {
        let count = min(random.number(1...garbage.count), garbage.count - start)
        step = Array(garbage[start..<(start + count)]).withBytes { end.receive($0) }
        start += count
        guard case .needs = step else { break }
      }
      if step.peer != nil { Issue.record("round \(round), seed \(seed): \(garbage)") }
      if step.error != nil { refusals += 1 }
    }
    #expect(refusals > 50_000)
  }
}
