// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// One connection while its two ends greet each other. Never waits.
package final class Greeting {
  package enum Outcome {
    case pending
    /// The hello went well.
    case joined(Hello)
    case refused(FabricError)
    /// The connection ended too early.
    case lost(String)
  }

  private enum Phase {
    case connecting
    case talking
    /// The peer was refused: it shall be able to read why.
    case leaving
  }

  package let socket: Socket
  package private(set) var deadline: UInt64
  /// Why the connection could not be made, as an `errno`; 0 where it was.
  package private(set) var connectError: Int32 = 0
  package var handshake: Handshake
  private var phase: Phase
  private var outgoing: [UInt8] = []
  private var joined: Hello?
  private var buffer = [UInt8](repeating: 0, count: Handshake.messageBytesMaximum)

  /// A connection that is being made, or one that was accepted.
  package init(
    _ socket: Socket, _ handshake: Handshake, isConnecting: Bool, deadline: UInt64
  ) {
    self.socket = socket
    self.handshake = handshake
    self.deadline = deadline
    phase = isConnecting ? .connecting : .talking
  }

  package var wantsToWrite: Bool { phase == .connecting || !outgoing.isEmpty }
  package var isLeaving: Bool { phase == .leaving }

  /// Does what can be done now.
  package func advance() -> Outcome {
    if phase == .connecting {
      switch connected() {
      case .pending?: return .pending
      case let outcome?: return outcome
      case nil: break
      }
    }
    while true {
      if let reason = flush() { return .lost(reason) }
      guard outgoing.isEmpty else { return .pending }
      if let joined { return .joined(joined) }
      // While leaving, what comes is thrown away until the peer has seen the end.
      let wanted = phase == .leaving ? buffer.count : handshake.bytesWanted
      let count = socket.receive(into: &buffer, wanted)
      if count == 0 { return .lost("it closed the connection in the middle of the hello") }
      if count < 0 { return errno == EAGAIN ? .pending : .lost(errorText(errno)) }
      if phase == .talking, let outcome = take(count) { return outcome }
    }
  }

  /// Nil where the connection stands, and the hello can begin.
  private func connected() -> Outcome? {
    var state = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&state, 1, 0) > 0 else { return .pending }
    connectError = socket.pendingError
    guard connectError == 0 else { return .lost(errorText(connectError)) }
    // A port that nobody listens on can be given to the caller itself, which then calls itself.
    guard socket.address(ofPeer: true) != socket.address(ofPeer: false) else {
      connectError = ECONNREFUSED
      return .lost(errorText(connectError))
    }
    phase = .talking
    outgoing = handshake.start() ?? []
    return nil
  }

  private func take(_ count: Int) -> Outcome? {
    let step = buffer.withBytes { handshake.receive($0[0..<count]) }
    switch step {
    case .needs: return nil
    case .send(let bytes):
      outgoing += bytes
      return nil
    case .done(let peer, let send):
      outgoing += send ?? []
      joined = peer
      return nil
    case .refuse(let error, let send):
      outgoing += send ?? []
      _ = flush()
      shutdown(socket.descriptor, Int32(SHUT_WR))
      phase = .leaving
      deadline = min(deadline, monotonicNanoseconds() + 1_000_000_000)
      return .refused(error)
    }
  }

  /// Why sending failed, if it did.
  private func flush() -> String? {
    while !outgoing.isEmpty {
      let sent = socket.send(outgoing[...])
      if sent < 0 { return errno == EAGAIN ? nil : errorText(errno) }
      outgoing.removeFirst(sent)
    }
    return nil
  }
}
