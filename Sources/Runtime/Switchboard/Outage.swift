// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// Why an attempt to reach a node failed.
struct Failure {
  enum Kind: Int {
    /// Unreachable for now, for whatever reason.
    case unclear
    /// The connection ended early: the process may be on its way out.
    case broken
    /// Nobody listens there any more, or somebody else.
    case gone
  }

  let reason: String
  let kind: Kind

  init(reason: String, kind: Kind) {
    self.reason = reason
    self.kind = kind
  }

  /// A connection that could not be made.
  init(connecting code: Int32) {
    let kind: Kind =
      switch code {
      case ECONNREFUSED: .gone
      case ECONNRESET, ECONNABORTED, EPIPE: .broken
      default: .unclear
      }
    self.init(reason: errorText(code), kind: kind)
  }

  static let strange = Failure(reason: "it did not introduce itself", kind: .unclear)
}

/// One pass over the addresses that a name stands for.
struct DialRound {
  var addresses: [SocketAddress] = []
  private var tried = 0
  private var failures: [Failure] = []

  mutating func next() -> SocketAddress? {
    guard tried < addresses.count else { return nil }
    defer { tried += 1 }
    return addresses[tried]
  }

  mutating func note(_ failure: Failure) { failures.append(failure) }

  /// What became of the round. A node is gone where it is gone from all addresses.
  var failure: Failure {
    let least = failures.min { $0.kind.rawValue < $1.kind.rawValue }
    return least ?? Failure(reason: "its address stands for nothing", kind: .unclear)
  }
}

/// The time during which a node cannot be reached.
struct Outage {
  /// Attempts in quick succession, for a connection that ended early: 0, 1, 2 … 32 ms apart. A
  /// process that ends may accept for a moment longer.
  private static let quickMaximum = 7
  /// A connection that lasted so long worked: its end is news.
  private static let provenNanoseconds: UInt64 = 1_000_000_000
  /// The first pause between rounds and the longest one.
  private static let pause: (first: UInt64, longest: UInt64) = (50_000_000, 1_000_000_000)

  /// What has been told about it.
  private var told: Failure.Kind?
  private var quick = 0
  private var rounds = 0
  private(set) var nextDial: UInt64 = 0

  var isTold: Bool { told != nil }

  /// Nanoseconds until the next quick attempt; nil where there were enough.
  mutating func quickPause() -> UInt64? {
    guard quick < Self.quickMaximum else { return nil }
    defer { quick += 1 }
    return quick == 0 ? 0 : 1_000_000 << UInt64(quick - 1)
  }

  /// A round failed. True where that is to be told: the first time, and when the node turns out
  /// to be gone.
  mutating func note(_ failure: Failure, _ now: UInt64) -> Bool {
    nextDial = now + min(Self.pause.first << UInt64(min(rounds, 10)), Self.pause.longest)
    rounds += 1
    let isNew = told == nil || (failure.kind == .gone && told != .gone)
    if isNew { told = failure.kind }
    return isNew
  }

  /// A connection stands.
  mutating func end() {
    told = nil
    rounds = 0
    nextDial = 0
  }

  /// A connection ended that had stood for so long.
  mutating func broke(after nanoseconds: UInt64) {
    if nanoseconds >= Self.provenNanoseconds { quick = 0 }
  }
}
