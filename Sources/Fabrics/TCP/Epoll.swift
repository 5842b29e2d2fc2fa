// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// Waits for many sockets at once; each change is told once (edge-triggered).
@safe final class Epoll {
  // Safe because the events are read by the one thread that waits, up to the count it was told.
  private let descriptor: Int32
  private let events: UnsafeMutablePointer<epoll_event>
  private static let capacity = 64

  struct Change {
    let token: Int
    let mayRead: Bool
    let mayWrite: Bool
    /// The end or an error is behind what can be read.
    let isOver: Bool
  }

  /// Nil and `errno` where the system has none left.
  init?() {
    descriptor = epoll_create1(Int32(O_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    unsafe events = UnsafeMutablePointer.allocate(capacity: Self.capacity)
    unsafe events.initialize(repeating: epoll_event(), count: Self.capacity)
  }

  deinit {
    Glibc.close(descriptor)
    unsafe events.deallocate()
  }

  /// Watches a socket until it is closed or taken out.
  func add(_ socket: Socket, token: Int) -> Bool {
    var event = unsafe epoll_event(
      events: mapred_epoll_in | mapred_epoll_out | mapred_epoll_hangup | mapred_epoll_edge,
      data: epoll_data_t(u64: UInt64(token)))
    return unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, socket.descriptor, &event) == 0
  }

  /// Watches a descriptor that becomes readable, and tells it each time that more comes.
  func add(reading watched: Int32, token: Int) -> Bool {
    var event = unsafe epoll_event(
      events: mapred_epoll_in | mapred_epoll_edge, data: epoll_data_t(u64: UInt64(token)))
    return unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) == 0
  }

  func remove(_ socket: Socket) {
    var event = unsafe epoll_event()
    _ = unsafe epoll_ctl(descriptor, EPOLL_CTL_DEL, socket.descriptor, &event)
  }

  /// Waits for at most `nanoseconds`, 0 to look only, and tells what changed.
  func wait(nanoseconds: UInt64, _ tell: (Change) -> Void) {
    let count = unsafe mapred_epoll_wait(descriptor, events, Int32(Self.capacity), nanoseconds)
    guard count > 0 else { return }
    for index in 0..<Int(count) {
      let event = unsafe events[index]
      let isOver = unsafe event.events & (mapred_epoll_hangup | mapred_epoll_error) != 0
      unsafe tell(
        Change(
          token: Int(event.data.u64), mayRead: event.events & mapred_epoll_in != 0 || isOver,
          mayWrite: event.events & mapred_epoll_out != 0, isOver: isOver))
    }
  }
}
