// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What can be set about connections.
package struct TCPSettings: Sendable {
  /// How long sent bytes may stay without an answer, or a peer may refuse to take more, before the
  /// system gives the connection up. Finds hosts that went away without a word; processes that end
  /// are found at once. 0 leaves it to the system (about a quarter of an hour).
  package var userTimeoutMilliseconds = 20_000
  /// How long somebody who connects may take for the hello.
  package var helloMilliseconds = 5_000
  /// Bytes of the system's buffers of a connection; 0 lets the system find them.
  package var sendBufferBytes = 0
  package var receiveBufferBytes = 0

  package init() {}

  /// Applies what has to be set before the connection is made: the window depends on it.
  package func applyBuffers(to socket: Socket) {
    if sendBufferBytes > 0 { socket.set(SOL_SOCKET, SO_SNDBUF, Int32(sendBufferBytes)) }
    if receiveBufferBytes > 0 { socket.set(SOL_SOCKET, SO_RCVBUF, Int32(receiveBufferBytes)) }
  }

  package func apply(to socket: Socket) {
    let level = Int32(IPPROTO_TCP)
    // A turn's frames go out in one call: there is nothing to wait for.
    socket.set(level, TCP_NODELAY, 1)
    guard userTimeoutMilliseconds > 0 else { return }
    socket.set(level, TCP_USER_TIMEOUT, Int32(userTimeoutMilliseconds))
    // Where nothing is sent, nothing stays without an answer: probes take care of that.
    let seconds = Int32(max(1, userTimeoutMilliseconds / 2000))
    socket.set(SOL_SOCKET, SO_KEEPALIVE, 1)
    socket.set(level, TCP_KEEPIDLE, seconds)
    socket.set(level, TCP_KEEPINTVL, seconds)
  }
}
