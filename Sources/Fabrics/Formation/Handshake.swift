// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// How two members meet: each shows who it is, proves that it knows the cluster key, and checks the
/// other, before a byte of anybody's memory is touched.
///
/// Three messages of fixed sizes: the initiator's hello; the acceptor's hello with its proof; the
/// initiator's verdict with its proof. A proof is an HMAC over the speaker's role and both hellos
/// in full, so nothing in a hello can be changed on the way, a recorded message does not fit
/// another nonce, and a proof that is sent back is that of the wrong role. Without a key the proofs
/// are those of an empty one: they then find accidents, not attackers.
///
/// It serves two purposes: members meet their group by rank, and nodes open connections for letters
/// by name. Which one it is stands in the hello.
///
/// A pure value: bytes go in, steps come out. The owner carries the bytes, over a stream or in
/// messages, in pieces of any size.
package struct Handshake: Sendable {
  package enum Role: UInt8, Sendable {
    case initiator = 1
    case acceptor = 2
  }

  package enum Step: Sendable, Hashable {
    /// So many more bytes are wanted; they may come in pieces.
    case needs(Int)
    case send([UInt8])
    /// The peer is taken in. `send` goes out first.
    case done(peer: Hello, send: [UInt8]?)
    /// The peer does not. It is told by `send`, and then the connection ends.
    case refuse(FabricError, send: [UInt8]?)
  }

  private enum State {
    case hello
    case verdict
    case over
  }

  /// Bytes of the longest message.
  package static let messageBytesMaximum = MessageTag.acceptorHello.byteCount

  package let role: Role
  /// The ranks that may be at the other end; a rank that came on another way leaves it.
  package var expected: RankSet
  /// Whether the peer has proven that it knows the key (or, without one, that both have none).
  package private(set) var isProven = false
  /// Why one of both refused the other, if so.
  package private(set) var refusal: Refusal?
  /// The peer's hello, once there is one; not to be believed before `isProven`.
  package private(set) var peerHello: Hello?

  let mine: Hello
  /// The node that has to be at the other end of a connection for letters, if it is known.
  let wanted: NodeID?
  private let key: [UInt8]
  private let peer: String
  private var state = State.hello
  private var pending: [UInt8] = []
  /// Both hellos, the initiator's first.
  private var transcript: [UInt8] = []

  /// `peer` is how errors name the other end.
  package init(
    role: Role, mine: Hello, key: ClusterKey?, expected: RankSet, peer: String
  ) {
    var mine = mine
    mine.hasKey = key != nil
    self.role = role
    self.mine = mine
    self.key = key?.bytes ?? []
    self.expected = expected
    self.peer = peer
    wanted = nil
  }

  /// A handshake of nodes, for a connection that carries letters.
  package init(
    role: Role, introduction: NodeIntroduction, key: ClusterKey?, wanted: NodeID? = nil,
    peer: String
  ) {
    var hello = Hello(introduction)
    hello.hasKey = key != nil
    mine = hello
    self.role = role
    self.key = key?.bytes ?? []
    self.wanted = wanted
    self.peer = peer
    expected = RankSet()
  }

  /// What to send before anything came: the initiator's hello.
  package mutating func start() -> [UInt8]? {
    guard role == .initiator else { return nil }
    transcript = mine.encoded(.initiatorHello)
    return transcript
  }

  /// The fewest bytes that are still missing from the message that is under way.
  package var bytesWanted: Int {
    if case .over = state { return 0 }
    guard pending.count >= MessageTag.prefixBytes else {
      return MessageTag.prefixBytes - pending.count
    }
    return (tag?.byteCount ?? MessageTag.prefixBytes) - pending.count
  }

  /// The message that is under way, where its first bytes are such.
  private var tag: MessageTag? {
    MessageTag.allCases.first { pending.starts(with: $0.rawValue.utf8) }
  }

  /// Strangers are known by their first bytes.
  private var isPrefixOfTag: Bool {
    MessageTag.allCases.contains { Array($0.rawValue.utf8).starts(with: pending.prefix(8)) }
  }

  /// Takes bytes in. A peer waits for an answer after each message, so bytes beyond the message
  /// that is under way are refused.
  package mutating func receive(_ bytes: Bytes) -> Step {
    if state == .over {
      return .refuse(Refusal.malformed.error(refusing: peer, values(.malformed, 0, 0)), send: nil)
    }
    pending += Array(bytes)
    guard pending.count >= MessageTag.prefixBytes else {
      return isPrefixOfTag ? .needs(bytesWanted) : refuse(.malformed)
    }
    guard let tag, isWelcome(tag) else { return refuse(.malformed) }
    let version = pending.number(at: 8, bytes: 4)
    guard version == UInt64(mine.version) else {
      let step = refuse(.version, mine: UInt64(mine.version), theirs: version)
      guard case .refuse(let error, _) = step, tag.isVerdict else { return step }
      // A verdict ends the handshake: it is not answered.
      return .refuse(error, send: nil)
    }
    guard pending.count >= tag.byteCount else { return .needs(bytesWanted) }
    guard pending.count == tag.byteCount else { return refuse(.malformed) }
    let message = pending
    pending.removeAll()
    switch tag {
    case .initiatorHello: return receiveInitiatorHello(message)
    case .acceptorHello: return receiveAcceptorHello(message)
    case .initiatorVerdict, .acceptorVerdict: return receiveVerdict(message)
    }
  }

  private func isWelcome(_ tag: MessageTag) -> Bool {
    switch (role, state) {
    case (.initiator, .hello): tag == .acceptorHello || tag == .acceptorVerdict
    case (.acceptor, .hello): tag == .initiatorHello || tag == .initiatorVerdict
    case (.acceptor, .verdict): tag == .initiatorVerdict
    case (.initiator, .verdict), (_, .over): false
    }
  }

  private mutating func receiveInitiatorHello(_ message: [UInt8]) -> Step {
    guard let hello = Hello(decoding: message[...]) else { return refuse(.malformed) }
    peerHello = hello
    guard hello.hasKey == mine.hasKey else {
      return refuse(mine.hasKey ? .keyMissing : .keyUnexpected)
    }
    if let objection = earlyObjection(to: hello) { return refuse(objection) }
    let answer = mine.encoded(.acceptorHello)
    transcript = message + answer
    state = .verdict
    return .send(answer + proof(by: .acceptor, []).tag)
  }

  private mutating func receiveAcceptorHello(_ message: [UInt8]) -> Step {
    guard let hello = Hello(decoding: message[...]) else { return refuse(.malformed) }
    peerHello = hello
    guard hello.hasKey == mine.hasKey else {
      return refuse(mine.hasKey ? .keyMissing : .keyUnexpected)
    }
    transcript += message[..<Hello.byteCount]
    let answer = proof(by: .acceptor, [])
    guard Array(message[Hello.byteCount...]).withBytes({ answer.matches($0) }) else {
      return refuse(.keyWrong)
    }
    isProven = true
    return conclude(hello)
  }

  private mutating func receiveVerdict(_ message: [UInt8]) -> Step {
    guard let verdict = Verdict(decoding: message) else { return refuse(.malformed) }
    let other: Role = role == .initiator ? .acceptor : .initiator
    if state == .verdict {
      let code = proof(by: other, verdict.content)
      isProven = verdict.proof.withBytes { code.matches($0) }
    }
    if let code = verdict.code {
      let isTold = verdict.speaker != 0 || verdict.listener != 0
      state = .over
      refusal = code
      return .refuse(
        code.error(
          refusedBy: peer, values(code, ownNumber(code), isTold ? verdict.speaker : nil)),
        send: nil)
    }
    guard state == .verdict, let hello = peerHello else { return refuse(.malformed) }
    guard isProven else { return refuse(.keyWrong) }
    return conclude(hello)
  }

  /// The last step, after the proof.
  private mutating func conclude(_ hello: Hello) -> Step {
    if let objection = objection(to: hello) { return refuse(objection) }
    state = .over
    return .done(peer: hello, send: role == .initiator ? encoded(Verdict(nil)) : nil)
  }

  private mutating func refuse(_ objection: Objection) -> Step {
    refuse(objection.code, mine: objection.mine, theirs: objection.theirs)
  }

  private mutating func refuse(_ code: Refusal, mine: UInt64 = 0, theirs: UInt64 = 0) -> Step {
    // Without a key there is nothing to hide.
    let isOpen = isProven || (key.isEmpty && peerHello != nil)
    let verdict = Verdict(code, speaker: isOpen ? mine : 0, listener: isOpen ? theirs : 0)
    let bytes = encoded(verdict)
    state = .over
    refusal = code
    return .refuse(code.error(refusing: peer, values(code, mine, theirs)), send: bytes)
  }

  private func encoded(_ verdict: Verdict) -> [UInt8] {
    var verdict = verdict
    if isProven { verdict.proof = proof(by: role, verdict.content).tag }
    return verdict.encoded(
      role == .initiator ? .initiatorVerdict : .acceptorVerdict, version: mine.version)
  }

  private func proof(by speaker: Role, _ content: [UInt8]) -> HMAC {
    var code = key.withBytes { HMAC(key: $0) }
    // An acceptor's hello and its verdict are told apart by the length of what follows.
    [speaker.rawValue, UInt8(content.count)].withBytes { code.update($0) }
    transcript.withBytes { code.update($0) }
    content.withBytes { code.update($0) }
    return code
  }
}
