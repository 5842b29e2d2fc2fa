// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Runtime
import TestSupport
import Testing
import Vocabulary

@Suite struct SwitchboardLetterTests {
  @Test func `Letters of all sizes arrive in order, both ways`() throws {
    let key = try SwitchboardNode.key()
    let a = try SwitchboardNode(SwitchboardNode.settings(key: key))
    let b = try SwitchboardNode(SwitchboardNode.settings(key: key))
    let sizes = [1, 3, 4, 5, 1000, 65_535, 1 << 20, 2, 262_144, 7]
    let sent = sizes.enumerated().map { [UInt8](repeating: UInt8($0), count: $1) }
    for bytes in sent {
      a.board.send(bytes, to: b.correspondent)
      b.board.send(bytes.reversed(), to: a.correspondent)
    }
    #expect(try b.letters(sent.count, from: a.id) == sent)
    #expect(try a.letters(sent.count, from: b.id) == sent)
  }

  @Test func `Three nodes write to each other, and every letter tells who wrote it`() throws {
    let nodes = try (0..<3).map { _ in try SwitchboardNode() }
    for (number, node) in nodes.enumerated() {
      for other in nodes where other.id != node.id {
        for count in 0..<200 {
          node.board.send([UInt8(number), UInt8(count)], to: other.correspondent)
        }
      }
    }
    for node in nodes {
      _ = try node.letters(400)
      for (number, other) in nodes.enumerated() where other.id != node.id {
        let expected = (0..<200).map { [UInt8(number), UInt8($0)] }
        #expect(try node.letters(200, from: other.id) == expected)
      }
      #expect(node.unreachables.isEmpty)
    }
  }

  @Test func `A letter to an address arrives, and tells who wrote it`() throws {
    let a = try SwitchboardNode()
    let b = try SwitchboardNode()
    a.board.sendOnce([1], to: b.board.address)
    a.board.sendOnce([2], to: b.board.address)
    #expect(try b.letters(2, from: a.id) == [[1], [2]])
    b.board.send([3], to: a.correspondent)
    #expect(try a.letters(1, from: b.id) == [[3]])
  }

  @Test func `A name is looked up`() throws {
    let a = try SwitchboardNode()
    let b = try SwitchboardNode()
    let port = try #require(b.board.address.split(separator: ":").last)
    a.board.send([1], to: Correspondent(id: b.id, address: "localhost:\(port)"))
    #expect(try b.letters(1, from: a.id) == [[1]])
    a.board.sendOnce([1], to: "no-such-host.invalid:7000")
    try a.waitFor("failed look-up") { event in
      guard case .unanswered("no-such-host.invalid:7000", let reason) = event else { return false }
      return reason.contains("cannot resolve")
    }
  }

  @Test func `A node that takes no letters fills its peer's queue and not the memory`() throws {
    let a = try SwitchboardNode { $0.queuedBytesMaximum = 1 << 20 }
    let b = try SwitchboardNode { $0.waitingLetterBytes = 1 << 20 }
    // 40 MiB, and nobody takes them: what the system's buffers do not hold is dropped.
    let filler = [UInt8](repeating: 9, count: 64 << 10)
    for number in 0..<640 {
      a.board.send([UInt8(number & 0xFF), UInt8(number >> 8)] + filler, to: b.correspondent)
    }
    // The queue between the threads may be full just now, so the last letter is said again.
    try a.repeats([0xFF, 0xFF], to: b)
    let numbers = b.events.compactMap { event -> Int? in
      guard case .letter(let letter) = event, letter.bytes.count > 2 else { return nil }
      return Int(letter.bytes[0]) | Int(letter.bytes[1]) << 8
    }
    #expect(!numbers.isEmpty && numbers.count < 640)
    #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
    #expect(b.unreachables.isEmpty && a.unreachables.isEmpty)
  }

  @Test func `All letters arrive at a node that takes them late, if its peers' queues hold them`()
    throws
  {
    let a = try SwitchboardNode { $0.queuedBytesMaximum = 64 << 20 }
    let b = try SwitchboardNode { $0.waitingLetterBytes = 256 << 10 }
    let c = try SwitchboardNode()
    let count: UInt8 = 250
    for number in 0..<count {
      a.board.send([UInt8](repeating: number, count: 100_000), to: b.correspondent)
    }
    // Meanwhile other nodes are served.
    for number in 1...50 {
      a.board.send([1], to: c.correspondent)
      _ = try c.letters(number)
    }
    b.take()
    let waiting = b.events.reduce(0) { sum, event in
      if case .letter(let letter) = event { sum + letter.bytes.count } else { sum }
    }
    #expect(waiting <= (256 << 10) + (512 << 10))
    #expect(try b.letters(Int(count), from: a.id).map { $0[0] } == Array(0..<count))
  }

  @Test func `A node that was forgotten and lives on is not told to be gone`() throws {
    let a = try SwitchboardNode()
    let b = try SwitchboardNode()
    a.board.send([1], to: b.correspondent)
    _ = try b.letters(1)
    b.board.send([2], to: a.correspondent)
    _ = try a.letters(1)
    a.board.forget(b.id)
    // Both can write again afterwards, in whatever order the connections end; what is under way
    // just then is lost.
    try a.repeats([3], to: b)
    try b.repeats([4], to: a)
    #expect(a.unreachables.isEmpty && b.unreachables.isEmpty)
  }
}
