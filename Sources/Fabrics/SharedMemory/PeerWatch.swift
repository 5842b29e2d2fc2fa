// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Synchronization
import Vocabulary

/// Notices at once that a peer is gone: a thread that sleeps in `poll` over the sockets of all
/// peers. The system hangs up when a process ends, however it ends.
final class PeerWatch: Sendable {
  /// The message with which a member takes leave.
  private static let farewell: [UInt8] = [0x42]

  private let peers: [(rank: Rank, socket: Descriptor)]
  private let doorbell: Doorbell
  private let notes = Mutex<[FabricEvent]>([])
  /// How many notes there are: looked at without a lock or a system call.
  private let noteCount = Atomic<Int>(0)
  /// The pipe whose end ends the thread.
  private let end: Descriptor
  private let ender: Mutex<Descriptor?>
  private let thread = Mutex<SystemThread?>(nil)

  /// Starts the thread.
  init(_ peers: [(rank: Rank, socket: Descriptor)], ringing doorbell: Doorbell) throws(FabricError)
  {
    var ends: [Int32] = [-1, -1]
    guard unsafe mapred_pipe(&ends) == 0 else { throw .system("cannot make a pipe", errno) }
    self.peers = peers
    self.doorbell = doorbell
    end = Descriptor(ends[0])
    ender = Mutex(Descriptor(ends[1]))
    guard !peers.isEmpty else { return }
    let made = try SystemThread { [self] in watch() }
    thread.withLock { $0 = made }
  }

  /// Moves the notes that are new to the end of `events`. One load where there are none.
  @inline(__always)
  func take(into events: inout [FabricEvent]) {
    guard hasNotes else { return }
    notes.withLock { notes in
      events += notes
      notes.removeAll()
      noteCount.store(0, ordering: .relaxed)
    }
  }

  @inline(__always)
  var hasNotes: Bool { noteCount.load(ordering: .acquiring) != 0 }

  private func note(_ events: FabricEvent...) {
    notes.withLock { notes in
      notes += events
      noteCount.store(notes.count, ordering: .releasing)
    }
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    _ = doorbell.ring()
  }

  private func watch() {
    var watched = peers
    while true {
      var places = watched.map {
        pollfd(fd: $0.socket.number, events: Int16(POLLIN), revents: 0)
      }
      places.append(pollfd(fd: end.number, events: Int16(POLLIN), revents: 0))
      guard unsafe poll(&places, nfds_t(places.count), -1) > 0 else { continue }
      if places[watched.count].revents != 0 { return }
      watched = zip(watched, places).filter { peer, place in
        place.revents == 0 || isThere(peer.rank, peer.socket)
      }.map(\.0)
    }
  }

  /// Looks what a peer's socket has to say; false where that was the last of it.
  private func isThere(_ rank: Rank, _ socket: Descriptor) -> Bool {
    switch LocalSocket.receive(SharedHello.byteCount, from: socket) {
    case .nothing: return true
    case .end: note(.unreachable(rank, reason: "its process ended"))
    case .bytes(Self.farewell, _): note(.unreachable(rank, reason: "it left the group"))
    case .bytes(let bytes, _):
      note(
        .refused(rank, reason: "it sent \(bytes.count) bytes that belong to no message"),
        .unreachable(rank, reason: "its link was cut"))
      _ = shutdown(socket.number, Int32(SHUT_RDWR))
    }
    return false
  }

  /// Takes leave of the peers and ends the thread. The sockets close with their last owner.
  func close() {
    guard ender.withLock({ $0.take() }) != nil else { return }
    thread.withLock({ $0.take() })?.join()
    for peer in peers {
      _ = LocalSocket.send(Self.farewell, [], to: peer.socket)
      _ = shutdown(peer.socket.number, Int32(SHUT_RDWR))
    }
  }
}
