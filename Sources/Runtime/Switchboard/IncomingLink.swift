// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Vocabulary

/// A connection that somebody has made to this node, from the first byte of the hello on.
final class IncomingLink: Watched {
  enum Phase {
    case greeting(Greeting)
    case open(NodeIntroduction)
  }

  let socket: Socket
  private(set) var phase: Phase
  var place: Int?
  /// The sender has said that it closes the connection and lives on.
  private(set) var hasFarewell = false
  /// No letters are read, because the polling thread has too many.
  var isStalled = false
  private var cutter: FrameCutter
  private unowned let office: LetterOffice

  init(_ socket: Socket, _ greeting: Greeting, _ office: LetterOffice) {
    self.socket = socket
    self.office = office
    phase = .greeting(greeting)
    cutter = FrameCutter(bytesMaximum: office.settings.letterBytesMaximum)
  }

  var descriptor: Int32 { socket.descriptor }

  var interest: Interest {
    switch phase {
    case .greeting(let greeting):
      greeting.wantsToWrite ? Interest(writing: true) : .reading
    case .open: isStalled ? .none : .reading
    }
  }

  /// When the hello has to be over; nil where it is.
  var deadline: UInt64? {
    if case .greeting(let greeting) = phase { greeting.deadline } else { nil }
  }

  func ready(_ change: Epoll.Change) {
    switch phase {
    case .greeting(let greeting): advance(greeting)
    case .open(let peer): receive(from: peer)
    }
  }

  private func advance(_ greeting: Greeting) {
    switch greeting.advance() {
    case .pending: break
    case .joined(let hello):
      // A handshake with an introduction takes in nobody without one.
      guard let peer = hello.introduction else { return office.lose(self, nil, "") }
      phase = .open(peer)
      office.welcome(self, peer)
    case .refused(let error): office.noteRefusal(error, greeting)
    case .lost(let reason): office.lose(self, nil, reason)
    }
  }

  private func receive(from peer: NodeIntroduction) {
    if office.intake.isFullOfLetters, office.stall(self) { return }
    let count = office.scratch.receive(from: socket)
    guard count > 0 else {
      if count < 0, errno == EAGAIN { return }
      let reason = count == 0 ? "it closed the connection" : errorText(errno)
      return office.lose(self, peer, reason)
    }
    do throws(FrameCutter.Excess) {
      try unsafe cutter.cut(office.scratch.filled(count)) { bytes in
        if bytes.isEmpty {
          hasFarewell = true
        } else {
          office.intake.append(.letter(ReceivedLetter(from: peer.id, bytes: bytes)))
        }
      }
    } catch {
      office.noteExcess(error.byteCount, peer)
      office.lose(self, peer, "it sent a letter that is too long")
    }
  }
}

/// Memory that a piece of a stream is read into before it is cut.
@safe final class Scratch {
  // Safe because one thread uses it, and what was filled is looked at before the next call.
  private static let byteCount = 256 << 10
  private let bytes: UnsafeMutableRawBufferPointer

  init() {
    unsafe bytes = .allocate(byteCount: Self.byteCount, alignment: 64)
  }

  deinit { unsafe bytes.deallocate() }

  /// How many bytes came, 0 at the end, -1 and `errno`.
  func receive(from socket: Socket) -> Int {
    uninterrupted { unsafe recv(socket.descriptor, bytes.baseAddress, bytes.count, 0) }
  }

  func filled(_ count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: bytes[..<count])
  }
}
