// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Vocabulary

/// Calls one member until it answers.
struct Caller {
  let rank: Rank
  private let addresses: [SocketAddress]
  private var attempts = 0
  private(set) var nextCall: UInt64 = 0
  private let pauseMaximum: UInt64
  var greeting: Greeting?
  /// Why the last attempt failed.
  private var failure: String?
  /// What the member said when it last refused: it tells more than that it has gone since.
  private var refusal: String?
  /// Why the member is not here.
  var reason: String? {
    guard let refusal, let failure, failure != refusal else { return failure }
    return "\(failure); before that, \(refusal)"
  }

  /// Nanoseconds of the first pause, and of the longest: a call within a host costs little.
  private static let pause: (first: UInt64, here: UInt64, elsewhere: UInt64) =
    (1_000_000, 4_000_000, 50_000_000)
  /// How long a connection may take to be made: a host that starts late has lost the first packets.
  private static let connectNanoseconds: UInt64 = 3_000_000_000

  init(_ rank: Rank, at addresses: [SocketAddress]) {
    self.rank = rank
    self.addresses = addresses
    let isHere = addresses.allSatisfy(\.isLoopback)
    pauseMaximum = isHere ? Self.pause.here : Self.pause.elsewhere
  }

  /// Calls, if it is time for the next attempt.
  mutating func call(_ now: UInt64, _ formation: Formation, _ settings: TCPSettings) {
    guard greeting == nil, now >= nextCall else { return }
    let address = addresses[attempts % addresses.count]
    attempts += 1
    guard let socket = Socket(for: address) else { return lose(errorText(errno)) }
    settings.applyBuffers(to: socket)
    settings.apply(to: socket)
    let result = uninterrupted {
      unsafe address.with { unsafe Int(connect(socket.descriptor, $0, $1)) }
    }
    guard result == 0 || errno == EINPROGRESS else { return lose(errorText(errno)) }
    let handshake = Handshake(
      role: .initiator, mine: Hello(formation), key: formation.key, expected: RankSet([rank]),
      peer: "\(rank) at \(formation.addresses[rank.index])")
    let patience = Self.connectNanoseconds + UInt64(settings.helloMilliseconds) * 1_000_000
    greeting = Greeting(socket, handshake, isConnecting: true, deadline: now + patience)
  }

  /// The member was reached, and it cannot be met yet.
  mutating func lose(toRefusal text: String) {
    refusal = text
    lose(text)
  }

  /// The attempt failed: the next one comes after a pause.
  mutating func lose(_ reason: String) {
    failure = reason
    greeting = nil
    // A round over all addresses counts as one attempt.
    let round = UInt64(attempts / addresses.count)
    let pause = min(Self.pause.first << min(round, 10), pauseMaximum)
    nextCall = monotonicNanoseconds() + pause
  }
}
