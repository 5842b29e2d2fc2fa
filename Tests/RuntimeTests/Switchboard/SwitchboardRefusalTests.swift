// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Glibc
import Memory
import Runtime
import Testing
import Vocabulary

@Suite struct SwitchboardRefusalTests {
  struct Difference: Sendable, CustomStringConvertible {
    let description: String
    var callerKey: String? = "a key of sixteen bytes or more"
    var calledKey: String? = "a key of sixteen bytes or more"
    var callerCluster = "blue"
    var callerVersion: UInt32 = 1
    /// What the errors have to say.
    let caller: [String]
    let called: [String]
  }

  static let differences = [
    Difference(
      description: "key wrong", callerKey: "another key, as long as the first",
      caller: ["refused", "does not know the cluster key", "same key file"],
      called: ["refused this node", "does not know the cluster key"]),
    Difference(
      description: "key missing", callerKey: nil,
      caller: ["refused this node", "no cluster key, and it has one", "same key file"],
      called: ["refused", "it has no cluster key, and this node has one"]),
    Difference(
      description: "key unexpected", calledKey: nil,
      caller: ["refused this node", "has a cluster key, and it has none"],
      called: ["refused", "it has a cluster key, and this node has none"]),
    Difference(
      description: "cluster", callerCluster: "green",
      caller: ["refused", "it belongs to cluster blue, and this node to cluster green"],
      called: ["refused this node", "this node belongs to cluster blue, and it to green"]),
    Difference(
      description: "version", callerVersion: 3,
      caller: ["refused", "letters of version 1, this node of version 3", "same build"],
      called: ["refused this node", "letters of version 1, it of 3"]),
  ]

  @Test(arguments: differences) func `Both sides say what differs`(difference: Difference) throws {
    let caller = try SwitchboardNode(
      SwitchboardNode.settings(
        cluster: difference.callerCluster, key: try difference.callerKey.map(SwitchboardNode.key),
        version: difference.callerVersion))
    let called = try SwitchboardNode(
      SwitchboardNode.settings(key: try difference.calledKey.map(SwitchboardNode.key)))
    caller.board.sendOnce([1], to: called.board.address)
    for (node, words) in [(caller, difference.caller), (called, difference.called)] {
      let error = try node.refusal(words[0])
      for word in words { #expect(error.description.contains(word), "\(error)") }
      #expect(error.code == .refused && error.advice != nil)
    }
    // The same for a node that is known: it is told to be out of reach, once, and not to be gone.
    caller.board.send([1], to: called.correspondent)
    try caller.waitFor("unreachable node") { event in
      if case .unreachable(called.id, _, false) = event { true } else { false }
    }
    called.take()
    #expect(!called.events.contains { if case .letter = $0 { true } else { false } })
  }

  @Test func `A node that calls itself is told so`() throws {
    let node = try SwitchboardNode()
    node.board.sendOnce([1], to: node.board.address)
    let error = try node.refusal("that is this node itself")
    #expect(error.advice?.contains("addresses of other nodes") == true)
    #expect(node.events.count { if case .refused = $0 { true } else { false } } == 1)
  }

  @Test func `A member that looks for its group is refused, and told why`() throws {
    let node = try SwitchboardNode()
    let connection = try RawConnection(to: node.board.address)
    var handshake = Handshake(
      role: .initiator, mine: Hello(rank: 1, memberCount: 2, fingerprint: 7), key: nil,
      expected: RankSet([Rank(0)]), peer: "the node")
    let step = try connection.greet(&handshake)
    guard case .refuse(let error, _)? = step else {
      Issue.record("not refused: \(String(describing: step))")
      return
    }
    #expect(error.message.contains("wants to meet its group, and it to carry letters"))
    _ = try node.refusal("it wants to meet its group, and this node to carry letters")
  }

  @Test func `Without a key, nothing outside of this host is listened on or written to`() throws {
    #expect {
      _ = try SwitchboardNode(SwitchboardNode.settings(at: "0.0.0.0:0"))
    } throws: { error in
      "\(error)".contains("can be reached from other hosts") && "\(error)".contains("key")
    }
    let node = try SwitchboardNode()
    node.board.sendOnce([1], to: "192.0.2.1:7000")
    _ = try node.refusal("192.0.2.1:7000", "there is no cluster key")
    #expect(throws: Never.self) {
      _ = try SwitchboardNode(
        SwitchboardNode.settings(at: "0.0.0.0:0", key: try SwitchboardNode.key()))
    }
  }

  @Test func `A port in use is named`() throws {
    let node = try SwitchboardNode()
    #expect {
      _ = try SwitchboardNode(SwitchboardNode.settings(at: node.board.address))
    } throws: { error in
      let text = "\(error)"
      return text.contains("\(node.board.address), the address of this node, is in use")
        && text.contains("another port")
    }
  }

  @Test func `An address of another host is named`() throws {
    let settings = SwitchboardNode.settings(at: "192.0.2.1:0", key: try SwitchboardNode.key())
    #expect {
      _ = try SwitchboardNode(settings)
    } throws: { error in
      "\(error)".contains("is not an address of this host")
    }
  }

  @Test func `A name that does not fit into a hello is refused at the start`() throws {
    let long = String(repeating: "x", count: 256)
    #expect {
      _ = try SwitchboardNode(SwitchboardNode.settings(cluster: long))
    } throws: { error in
      "\(error)".contains("the name of the cluster has 256 bytes")
    }
  }

  @Test func `Garbage ends a connection and not the node`() throws {
    let node = try SwitchboardNode()
    var garbage = (0..<8).map { _ in [UInt8](repeating: UInt8.random(in: 0...255), count: 4000) }
    garbage.append(Array("GET / HTTP/1.1\r\n\r\n".utf8))
    garbage.append(Array("mapredH1".utf8) + [UInt8](repeating: 0xFF, count: 4000))
    for bytes in garbage {
      let connection = try RawConnection(to: node.board.address)
      try? connection.send(bytes)
      try connection.drain()
    }
    _ = try node.refusal("what comes from there is no hello of a node")
    let friend = try SwitchboardNode()
    friend.board.send([1], to: node.correspondent)
    #expect(try node.letters(1, from: friend.id) == [[1]])
  }

  @Test func `A letter that is too long ends its connection, and both nodes live on`() throws {
    let node = try SwitchboardNode { $0.letterBytesMaximum = 1000 }
    let raw = try RawNode()
    let connection = try raw.call(node)
    try connection.send(RawConnection.frame([1]) + RawConnection.header(1001) + [2, 3])
    #expect(try node.letters(1, from: raw.introduction.id) == [[1]])
    try connection.drain()
    _ = try node.refusal("sent a letter of 1001 B", "1000 B are possible")
    let again = try raw.call(node)
    try again.send(RawConnection.frame([UInt8](repeating: 5, count: 1000)))
    #expect(try node.letters(2, from: raw.introduction.id).last?.count == 1000)
  }

  @Test func `Strangers who say nothing are hung up on, and make room for others`() throws {
    let node = try SwitchboardNode {
      $0.guestMaximum = 8
      $0.handshakeSeconds = 1
    }
    let silent = try (0..<40).map { _ in try RawConnection(to: node.board.address) }
    let friend = try SwitchboardNode()
    friend.board.send([1], to: node.correspondent)
    #expect(try node.letters(1, from: friend.id) == [[1]])
    for connection in silent { try connection.drain() }
  }

  @Test func `One node has a bounded number of connections`() throws {
    let node = try SwitchboardNode { $0.incomingMaximum = 3 }
    let raw = try RawNode()
    let connections = try (0..<10).map { _ in try raw.call(node) }
    for connection in connections.prefix(7) { try connection.drain() }
    for (number, connection) in connections.suffix(3).enumerated() {
      try connection.send(RawConnection.frame([UInt8(number)]))
    }
    #expect(try node.letters(3).map { $0[0] }.sorted() == [0, 1, 2])
  }
}
