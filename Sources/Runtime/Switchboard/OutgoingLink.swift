// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Vocabulary

/// The connection on which this node writes to another one, and all attempts to make it.
///
/// It is dialled when there is something to send, and dialled anew at once when it breaks: that is
/// how the death of the peer's process is noticed, whose port then refuses. What waits is dropped
/// with each failure, since letters may get lost and are written again.
final class OutgoingLink: Watched {
  enum Phase {
    /// Nothing is under way; the next letter dials, but not before the pause is over.
    case idle
    case resolving
    case greeting(Greeting)
    /// A short pause before another attempt.
    case pausing(until: UInt64)
    case open(NodeIntroduction, since: UInt64)
  }

  let serial: Int
  let address: String
  /// The node that is to be there; nil where it is not known yet.
  let wanted: NodeID?
  /// Dialled only to see whether the peer is still there.
  var isProbe = false
  var place: Int?
  private(set) var phase = Phase.idle
  private(set) var outage = Outage()
  private(set) var lastUse: UInt64 = 0
  private var socket: Socket?
  private var outgoing = OutgoingFrames()
  private var round = DialRound()
  /// Waits for a turn's letters to be sent together.
  var isUnsent = false
  private unowned let office: LetterOffice

  init(serial: Int, address: String, wanted: NodeID?, _ office: LetterOffice) {
    self.serial = serial
    self.address = address
    self.wanted = wanted
    self.office = office
  }

  var descriptor: Int32 { socket?.descriptor ?? -1 }

  var interest: Interest {
    switch phase {
    case .idle, .resolving, .pausing: .none
    case .greeting(let greeting):
      greeting.wantsToWrite ? Interest(writing: true) : .reading
    case .open: Interest(reading: true, writing: !outgoing.isEmpty)
    }
  }

  var deadline: UInt64? {
    switch phase {
    case .greeting(let greeting): greeting.deadline
    case .pausing(let until): until
    case .idle, .resolving, .open: nil
    }
  }

  var isOpen: Bool { if case .open = phase { true } else { false } }

  // MARK: - Sending

  /// Queues a letter, or drops it.
  func send(_ bytes: [UInt8], _ now: UInt64) {
    lastUse = now
    let isIdle = if case .idle = phase { true } else { false }
    if isIdle, now < outage.nextDial { return }
    guard outgoing.count + bytes.count <= office.settings.queuedBytesMaximum else { return }
    outgoing.append(bytes)
    if isIdle { dial(now) }
  }

  func flush() {
    guard case .open = phase, let socket else { return }
    let failure = outgoing.flush(to: socket)
    if failure != 0 { return broke(errorText(failure)) }
    office.watch.update(self)
  }

  /// Ends the connection without making the peer believe that this node died.
  func close(farewell: Bool) {
    if isOpen, farewell, let socket {
      outgoing.append([])
      _ = outgoing.flush(to: socket)
    }
    hangUp()
    phase = .idle
    outgoing.removeAll()
  }

  private func hangUp() {
    office.watch.remove(self)
    socket?.close()
    socket = nil
  }

  // MARK: - Dialling

  /// Begins a round over all addresses that the peer's stands for.
  func dial(_ now: UInt64) {
    phase = .resolving
    office.time(self)
    round = DialRound()
    switch office.addresses(of: self) {
    case .success(let found)?: resolved(.success(found), now)
    case .failure(let error)?: resolved(.failure(error), now)
    case nil: break
    }
  }

  func resolved(_ found: Result<[SocketAddress], FabricError>, _ now: UInt64) {
    guard case .resolving = phase else { return }
    do throws(FabricError) {
      round.addresses = try office.settings.guarded(try found.get(), address)
      tryNext(now)
    } catch {
      if error.code == .configuration { office.noteRefusal(error, by: address) }
      end(Failure(reason: error.description, kind: .unclear), now)
    }
  }

  private func tryNext(_ now: UInt64) {
    while let next = round.next() {
      guard let socket = Socket(for: next) else {
        round.note(Failure(reason: errorText(errno), kind: .unclear))
        continue
      }
      office.settings.tcp.applyBuffers(to: socket)
      office.settings.tcp.apply(to: socket)
      let result = uninterrupted {
        unsafe next.with { unsafe Int(connect(socket.descriptor, $0, $1)) }
      }
      guard result == 0 || errno == EINPROGRESS else {
        round.note(Failure(connecting: errno))
        continue
      }
      let handshake = Handshake(
        role: .initiator, introduction: office.introduction, key: office.settings.key,
        wanted: wanted, peer: wanted.map { "node \($0) at \(address)" } ?? address)
      let seconds = office.settings.connectSeconds + office.settings.handshakeSeconds
      self.socket = socket
      phase = .greeting(
        Greeting(
          socket, handshake, isConnecting: true, deadline: now + UInt64(seconds) * 1_000_000_000))
      return office.watch.add(self)
    }
    end(round.failure, now)
  }

  func ready(_ change: Epoll.Change) {
    switch phase {
    case .greeting(let greeting): advance(greeting)
    case .open:
      if change.mayRead || change.isOver { look() }
      if change.mayWrite, isOpen { flush() }
    case .idle, .resolving, .pausing: break
    }
  }

  private func advance(_ greeting: Greeting) {
    let now = monotonicNanoseconds()
    switch greeting.advance() {
    case .pending: break
    case .joined(let hello):
      guard let peer = hello.introduction else { return failed(Failure.strange, now) }
      phase = .open(peer, since: now)
      outage.end()
      office.opened(self)
    case .refused(let error):
      // The peer reads why before the connection goes.
      socket?.finish()
      let isReplaced = greeting.handshake.isProven && greeting.handshake.refusal == .nodeOther
      if !isReplaced, !outage.isTold { office.noteRefusal(error, by: address) }
      failed(Failure(reason: error.message, kind: isReplaced ? .gone : .unclear), now)
    case .lost(let reason):
      let code = greeting.connectError
      failed(code != 0 ? Failure(connecting: code) : Failure(reason: reason, kind: .broken), now)
    }
  }

  /// An attempt failed: the next address is tried, or the round is over.
  private func failed(_ failure: Failure, _ now: UInt64) {
    hangUp()
    round.note(failure)
    tryNext(now)
  }

  /// A deadline has passed.
  func tick(_ now: UInt64) {
    guard let deadline, deadline <= now else { return }
    switch phase {
    case .greeting: failed(Failure(reason: "it does not answer", kind: .unclear), now)
    case .pausing: dial(now)
    case .idle, .resolving, .open: break
    }
  }

  private func end(_ failure: Failure, _ now: UInt64) {
    if failure.kind == .broken, let pause = outage.quickPause() {
      phase = .pausing(until: now + pause)
      return office.time(self)
    }
    phase = .idle
    outgoing.removeAll()
    office.failed(self, failure, isNew: outage.note(failure, now))
  }

  // MARK: - The end of a connection

  /// Nothing is sent on this connection by the peer; what can be read is its end.
  private func look() {
    guard let socket else { return }
    let count = office.scratch.receive(from: socket)
    if count < 0, errno == EAGAIN { return }
    broke(count == 0 ? "it closed the connection" : count < 0 ? errorText(errno) : "it sent bytes")
  }

  private func broke(_ reason: String) {
    guard case .open(_, let since) = phase else { return }
    let now = monotonicNanoseconds()
    hangUp()
    outgoing.removeAll()
    phase = .idle
    outage.broke(after: now - since)
    guard wanted != nil else { return office.drop(self) }
    end(Failure(reason: reason, kind: .broken), now)
  }
}
