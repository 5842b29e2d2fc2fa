// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// Takes in those who connect to a socket.
final class Acceptor: Watched {
  /// How long nobody is taken in after the system had no descriptor left.
  private static let pauseNanoseconds: UInt64 = 100_000_000
  /// How many are taken in before others get their turn.
  private static let turn = 64

  private let listener: Socket
  private let welcome: (Socket) -> Void
  private var pausedUntil: UInt64?
  var place: Int?

  init(_ listener: Socket, _ welcome: @escaping (Socket) -> Void) {
    self.listener = listener
    self.welcome = welcome
  }

  var descriptor: Int32 { listener.descriptor }
  var interest: Interest { pausedUntil == nil ? .reading : .none }
  var deadline: UInt64? { pausedUntil }

  func ready(_ change: Epoll.Change) {
    for _ in 0..<Self.turn {
      guard let socket = Socket.accept(from: listener.descriptor) else {
        if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
          pausedUntil = monotonicNanoseconds() + Self.pauseNanoseconds
        }
        return
      }
      welcome(socket)
    }
  }

  /// Goes on after a pause.
  func tick(_ now: UInt64, _ watch: Watch) {
    guard let until = pausedUntil, until <= now else { return }
    pausedUntil = nil
    watch.update(self)
  }

  func close(_ watch: Watch) {
    watch.remove(self)
    listener.close()
  }
}
