// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Foundation
import Glibc
import Runtime
import TestSupport
import Testing
import Vocabulary

@Suite struct SwitchboardClientTests {
  private let directory = SocketDirectory()

  private func node(
    _ change: (inout SwitchboardSettings) -> Void = { _ in }
  ) throws -> SwitchboardNode {
    try SwitchboardNode(SwitchboardNode.settings(path: directory.socket), change)
  }

  @Test func `A request is answered`() throws {
    let node = try node()
    let client = try LocalClient(directory.socket)
    for size in [0, 1, 5, 70_000, 1 << 20] {
      let request = [UInt8](repeating: UInt8(size & 0x7F), count: size)
      try client.send(request)
      try node.echo(1)
      #expect(try client.receive(milliseconds: 20_000) == request)
    }
  }

  @Test func `Many requests are under way at once, and all are answered`() throws {
    let node = try node()
    let client = try LocalClient(directory.socket)
    let requests = (0..<10_000).map { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    try client.send(requests)
    try node.echo(requests.count)
    for request in requests { #expect(try client.receive(milliseconds: 20_000) == request) }
  }

  @Test func `Answers may come in any order, and go to who asked`() throws {
    let node = try node()
    let clients = try (0..<3).map { _ in try LocalClient(directory.socket) }
    for (number, client) in clients.enumerated() { try client.send([UInt8(number)]) }
    for request in try node.requests(3).reversed() {
      node.board.answer(request.client, request.bytes + [7])
    }
    for (number, client) in clients.enumerated() {
      #expect(try client.receive(milliseconds: 20_000) == [UInt8(number), 7])
    }
  }

  @Test func `Hundreds of clients are served`() throws {
    let node = try node()
    let clients = try (0..<400).map { _ in try LocalClient(directory.socket) }
    for round in 0..<3 as Range<UInt8> {
      for (number, client) in clients.enumerated() {
        try client.send([round, UInt8(number & 0xFF), UInt8(number >> 8)])
      }
      try node.echo(clients.count)
      for (number, client) in clients.enumerated() {
        let expected = [round, UInt8(number & 0xFF), UInt8(number >> 8)]
        #expect(try client.receive(milliseconds: 20_000) == expected)
      }
    }
  }

  @Test func `A client too many is told so, and another one comes in when one has left`() throws {
    let node = try node {
      $0.clientMaximum = 2
      $0.crowdedAnswer = Array("crowded".utf8)
    }
    var clients = try (0..<2).map { _ in try LocalClient(directory.socket) }
    for client in clients { try client.send([1]) }
    try node.echo(2)
    let late = try LocalClient(directory.socket)
    #expect(try late.receive(milliseconds: 20_000) == Array("crowded".utf8))
    #expect(throws: FabricError.self) { try late.receive(milliseconds: 20_000) }
    clients.removeLast().close()
    try node.waitFor("client that left") { if case .clientGone = $0 { true } else { false } }
    let next = try LocalClient(directory.socket)
    try next.send([2])
    try node.echo(1)
    #expect(try next.receive(milliseconds: 20_000) == [2])
  }

  @Test func `A flood is answered as busy where the queue is full, and nothing is lost`() throws {
    let node = try node {
      $0.waitingRequests = 100
      $0.busyAnswer = { [0xB] + $0 }
    }
    let client = try LocalClient(directory.socket)
    try client.send((0..<1000).map { [UInt8($0 & 0xFF), UInt8($0 >> 8)] })
    // Nobody takes requests: exactly 900 are refused, at once.
    for number in 100..<1000 {
      let expected = [0xB, UInt8(number & 0xFF), UInt8(number >> 8)]
      #expect(try client.receive(milliseconds: 20_000) == expected)
    }
    try node.echo(100)
    for number in 0..<100 as Range<UInt8> {
      #expect(try client.receive(milliseconds: 20_000) == [number, 0])
    }
    try client.send([1])
    try node.echo(1)
    #expect(try client.receive(milliseconds: 20_000) == [1])
  }

  @Test func `A client that does not read is cut off, and others are served`() throws {
    let node = try node { $0.unreadBytesMaximum = 1 << 20 }
    let lazy = try LocalClient(directory.socket)
    let other = try LocalClient(directory.socket)
    try lazy.send([1])
    let asked = try node.requests(1)[0]
    let big = [UInt8](repeating: 3, count: 100_000)
    for _ in 0..<200 { node.board.answer(asked.client, big) }
    try node.waitFor("client that was cut off") { $0 == .clientGone(asked.client) }
    try other.send([2])
    try node.waitFor("other request") {
      if case .request(_, [2]) = $0 { true } else { false }
    }
    // It gets what was on its way, and then sees the end.
    var error: FabricError?
    for _ in 0..<200 where error == nil {
      do throws(FabricError) {
        let answer = try lazy.receive(milliseconds: 20_000)
        #expect(answer == big)
      } catch let caught {
        error = caught
      }
    }
    #expect(error?.code == .lost)
  }

  @Test func `A client that vanishes is told, after its requests`() throws {
    let node = try node()
    let client = try RawConnection(path: directory.socket)
    try client.send(RawConnection.frame([1]) + RawConnection.frame([2]) + [9, 0])
    client.close()
    let asked = try node.requests(2)
    try node.waitFor("client that vanished") { $0 == .clientGone(asked[0].client) }
    #expect(node.events.last == .clientGone(asked[0].client))
    // An answer for it is dropped.
    node.board.answer(asked[0].client, [1])
    let next = try LocalClient(directory.socket)
    try next.send([3])
    #expect(try node.requests(3)[2].bytes == [3])
    #expect(try node.requests(3)[2].client != asked[0].client)
  }

  @Test func `A client that never asked comes and goes unheard`() throws {
    let node = try node()
    for _ in 0..<50 { try RawConnection(path: directory.socket).close() }
    let client = try LocalClient(directory.socket)
    try client.send([1])
    _ = try node.requests(1)
    #expect(node.events.count == 1)
  }

  @Test func `A request that is too long ends its connection alone`() throws {
    let node = try node { $0.requestBytesMaximum = 1000 }
    let rude = try RawConnection(path: directory.socket)
    try rude.send([0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3])
    try rude.drain()
    let client = try LocalClient(directory.socket)
    try client.send([UInt8](repeating: 1, count: 1000))
    #expect(try node.requests(1)[0].bytes.count == 1000)
  }

  @Test func `Random bytes do no harm`() throws {
    let node = try node { $0.requestBytesMaximum = 64 }
    let seed = 77
    var random = RandomSource(seed)
    for _ in 0..<200 {
      let client = try RawConnection(path: directory.socket)
      try? client.send(random.bytes(random.number(1...300)))
      client.close()
    }
    let client = try LocalClient(directory.socket)
    try client.send([1, 2, 3])
    try node.waitFor("request after garbage, seed \(seed)") {
      if case .request(_, [1, 2, 3]) = $0 { true } else { false }
    }
  }
}
