// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Runtime
import Testing
import Vocabulary

@Suite struct SwitchboardFailureTests {
  @Test func `A port that refuses means that the node is gone, told once`() throws {
    let node = try SwitchboardNode()
    let other = try SwitchboardNode()
    let peer = other.correspondent
    other.board.close()
    for _ in 0..<50 {
      node.board.send([1], to: peer)
      try node.goneReason(peer.id)
    }
    #expect(try node.goneReason(peer.id).contains("refused"))
    #expect(node.unreachables.count == 1)
    node.board.sendOnce([1], to: peer.address)
    try node.waitFor("unanswered letter") { event in
      if case .unanswered(peer.address, let reason) = event {
        reason.contains("refused")
      } else {
        false
      }
    }
  }

  /// The peer's process ends: its port closes, and its connections break, with and without a reset.
  @Test(arguments: [true, false], [true, false])
  func `The death of a peer is noticed, though nothing is sent to it`(
    writes: Bool, resets: Bool
  ) throws {
    let node = try SwitchboardNode()
    let raw = try RawNode()
    let connection: RawConnection
    if writes {
      // This node had written before: its own connection breaks.
      node.board.send([1], to: raw.correspondent)
      connection = try raw.meet()
      #expect(try connection.receive(5) == RawConnection.frame([1]))
    } else {
      // Only the peer had written: the connection that it made breaks.
      connection = try raw.call(node)
      try connection.send(RawConnection.frame([1]))
      _ = try node.letters(1)
    }
    raw.stopListening()
    if resets { connection.reset() } else { connection.close() }
    #expect(try node.goneReason(raw.introduction.id).contains("refused"))
    #expect(node.unreachables.count == 1)
  }

  @Test(arguments: [true, false]) func `A process that is killed is noticed`(
    writes: Bool
  ) throws {
    let node = try SwitchboardNode()
    let raw = try RawNode()
    if writes { node.board.send([1], to: raw.correspondent) }
    let process = try raw.moveToProcess(writes ? try raw.meet() : try raw.call(node))
    // Its sockets live on in it.
    node.take()
    #expect(node.unreachables.isEmpty)
    kill(process, SIGKILL)
    var status: Int32 = 0
    #expect(unsafe waitpid(process, &status, 0) == process)
    try node.goneReason(raw.introduction.id)
    #expect(node.unreachables.count == 1)
  }

  @Test func `All see at once that a node of theirs ended`() throws {
    let nodes = try (0..<4).map { _ in try SwitchboardNode() }
    for node in nodes {
      for other in nodes where other.id != node.id {
        node.board.send([1], to: other.correspondent)
      }
    }
    for node in nodes { _ = try node.letters(3) }
    nodes[0].board.close()
    for node in nodes.dropFirst() {
      try node.goneReason(nodes[0].id)
      #expect(node.unreachables.map(\.id) == [nodes[0].id])
    }
  }

  @Test func `A connection that breaks while the peer lives is made anew, and not told`() throws {
    let node = try SwitchboardNode()
    let raw = try RawNode()
    node.board.send([1], to: raw.correspondent)
    var connection = try raw.meet()
    for number in 2..<6 as Range<UInt8> {
      connection.reset()
      // It is made anew without a letter.
      connection = try raw.meet()
      node.board.send([number], to: raw.correspondent)
      #expect(try connection.receive(5) == RawConnection.frame([number]))
    }
    node.take()
    #expect(node.unreachables.isEmpty)
  }

  @Test func `A peer that lives and drops its own connection is not told to be gone`() throws {
    let node = try SwitchboardNode()
    let raw = try RawNode()
    try raw.call(node).reset()
    // The node looks whether the peer is there, says goodbye, and hangs up.
    let look = try raw.meet()
    #expect(try look.receive(100) == RawConnection.header(0))
    try look.drain()
    node.take()
    #expect(node.unreachables.isEmpty)
  }

  @Test func `Another node at the address of one that ended means that it is gone`() throws {
    let node = try SwitchboardNode()
    let first = try SwitchboardNode()
    node.board.send([1], to: first.correspondent)
    _ = try first.letters(1)
    let old = first.correspondent
    first.board.close()
    let second = try SwitchboardNode(SwitchboardNode.settings(at: old.address))
    node.board.send([2], to: old)
    try node.goneReason(old.id)
    node.board.send([3], to: second.correspondent)
    #expect(try second.letters(1, from: node.id) == [[3]])
    #expect(!node.events.contains { if case .refused = $0 { true } else { false } })
  }

  @Test func `A node that was never there, at the address of another, is gone`() throws {
    let node = try SwitchboardNode()
    let other = try SwitchboardNode()
    let id = SwitchboardNode.freshID()
    node.board.send([1], to: Correspondent(id: id, address: other.board.address))
    #expect(try node.goneReason(id).contains("node \(other.id) is there now"))
    // That is no fault of the node that is there.
    other.board.send([2], to: node.correspondent)
    _ = try node.letters(1, from: other.id)
    other.take()
    #expect(other.events.isEmpty)
    #expect(node.events.count == 2)
  }

  @Test func `A node that was out of reach is written to again once it is back`() throws {
    let node = try SwitchboardNode { $0.handshakeSeconds = 1 }
    let raw = try RawNode()
    node.board.send([1], to: raw.correspondent)
    // It accepts and says nothing.
    let silent = try raw.accept()
    node.board.send([2], to: raw.correspondent)
    try node.waitFor("unreachable node") { event in
      if case .unreachable(raw.introduction.id, let reason, false) = event {
        reason.contains("does not answer")
      } else {
        false
      }
    }
    silent.close()
    // Letters are what makes it try again; those of the pause are dropped.
    let connection = try raw.acceptLetters(of: node)
    var handshake = Handshake(
      role: .acceptor, introduction: raw.introduction, key: nil, peer: "the tested node")
    _ = try connection.greet(&handshake)
    #expect(try connection.receive(5) == RawConnection.frame([1]))
    node.take()
    #expect(node.unreachables.count == 1)
  }

  @Test func `A peer that accepts and hangs up again and again is told to be out of reach`() throws
  {
    let node = try SwitchboardNode()
    let raw = try RawNode()
    node.board.send([1], to: raw.correspondent)
    for _ in 0..<8 { try raw.accept().reset() }
    try node.waitFor("unreachable node") { event in
      if case .unreachable(raw.introduction.id, _, false) = event { true } else { false }
    }
    // It goes on trying, and does not tell it again; until the node is gone, which is news.
    for _ in 0..<3 { try raw.acceptLetters(of: node).reset() }
    raw.stopListening()
    for _ in 0..<400 where node.unreachables.last?.isGone != true {
      node.board.send([1], to: raw.correspondent)
      _ = try? node.wait("end of the node", seconds: 0.05) { _ in
        node.unreachables.last?.isGone == true ? true : nil
      }
    }
    #expect(node.unreachables.map(\.isGone) == [false, true])
  }

  @Test func `Closing ends the thread, and may be repeated`() throws {
    let node = try SwitchboardNode()
    let peer = try SwitchboardNode()
    node.board.send([1], to: peer.correspondent)
    _ = try peer.letters(1)
    node.board.close()
    node.board.close()
    // What comes later is dropped without a word.
    node.board.send([2], to: peer.correspondent)
    node.board.forget(peer.id)
    #expect {
      _ = try RawConnection(to: node.board.address)
    } throws: { error in
      (error as? RawConnection.Failure)?.code == ECONNREFUSED
    }
  }
}
