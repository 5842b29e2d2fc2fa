// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Memory
import Testing
import Vocabulary

/// Two handshakes that talk to each other, with somebody on the wire.
struct HandshakePair {
  var initiator: Handshake
  var acceptor: Handshake

  /// Keys that tests share.
  static func key(_ text: String = "a key of sixteen bytes or more") -> ClusterKey? {
    try? ClusterKey(Array(text.utf8))
  }

  static func hello(
    rank: Int, members: Int = 3, fingerprint: UInt64 = 0xF00D, epoch: UInt64 = 0,
    extra: [UInt8] = [], version: UInt32 = Hello.currentVersion
  ) -> Hello {
    var hello = Hello(
      rank: rank, memberCount: members, fingerprint: fingerprint, epoch: epoch, extra: extra)
    hello.version = version
    return hello
  }

  init(
    _ initiating: Hello = hello(rank: 2), _ accepting: Hello = hello(rank: 0),
    keys: (ClusterKey?, ClusterKey?) = (key(), key()), expected: RankSet? = nil
  ) {
    initiator = Handshake(
      role: .initiator, mine: initiating, key: keys.0, expected: RankSet([Rank(0)]),
      peer: "rank 0 at host-a:7000")
    acceptor = Handshake(
      role: .acceptor, mine: accepting, key: keys.1,
      expected: expected ?? RankSet(first: 3).removing(Rank(0)), peer: "host-b:41234")
  }

  /// The first message.
  mutating func hello() throws -> [UInt8] {
    let bytes = initiator.start()
    return try #require(bytes)
  }

  /// Lets both talk until neither has anything to say. `wire` may change the n-th message.
  mutating func meet(
    pieces: Int = .max, wire: (Int, [UInt8]) -> [UInt8] = { _, bytes in bytes }
  ) -> (initiator: Handshake.Step?, acceptor: Handshake.Step?) {
    var ends: (initiator: Handshake.Step?, acceptor: Handshake.Step?) = (nil, nil)
    var message = initiator.start()
    var number = 0
    while let bytes = message, number < 10 {
      let carried = wire(number, bytes)
      let toAcceptor = number % 2 == 0
      let step = toAcceptor ? feed(&acceptor, carried, pieces) : feed(&initiator, carried, pieces)
      if toAcceptor { ends.acceptor = step } else { ends.initiator = step }
      message = step.sent
      number += 1
    }
    return ends
  }

  private func feed(_ end: inout Handshake, _ bytes: [UInt8], _ pieces: Int) -> Handshake.Step {
    var step = Handshake.Step.needs(0)
    var start = 0
    repeat {
      let count = min(pieces, bytes.count - start)
      step = Array(bytes[start..<(start + count)]).withBytes { end.receive($0) }
      start += count
      guard case .needs = step else { break }
    } while start < bytes.count
    return step
  }
}

extension Handshake.Step {
  var sent: [UInt8]? {
    switch self {
    case .needs: nil
    case .send(let bytes): bytes
    case .done(_, let send): send
    case .refuse(_, let send): send
    }
  }

  var peer: Hello? {
    if case .done(let peer, _) = self { peer } else { nil }
  }

  var error: FabricError? {
    if case .refuse(let error, _) = self { error } else { nil }
  }
}

extension Handshake {
  mutating func take(_ bytes: [UInt8]) -> Step { bytes.withBytes { receive($0) } }

  /// Takes bytes that have to be answered.
  mutating func answer(_ bytes: [UInt8]) throws -> [UInt8] {
    let step = take(bytes)
    return try #require(step.sent)
  }
}
