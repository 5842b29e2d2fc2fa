// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// Waits for many descriptors at once.
@safe package final class Epoll {
  // Safe because the events are read by the one thread that waits, up to the count it was told.
  private let descriptor: Int32
  private let events: UnsafeMutablePointer<epoll_event>
  private static let capacity = 64

  package struct Change {
    package let token: Int
    package let mayRead: Bool
    package let mayWrite: Bool
    /// The end or an error is behind what can be read.
    package let isOver: Bool
  }

  /// Nil and `errno` where the system has none left.
  package init?() {
    descriptor = epoll_create1(Int32(O_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    unsafe events = UnsafeMutablePointer.allocate(capacity: Self.capacity)
    unsafe events.initialize(repeating: epoll_event(), count: Self.capacity)
  }

  deinit {
    Glibc.close(descriptor)
    unsafe events.deallocate()
  }

  /// Watches a socket until it is closed or taken out; each change is told once (edge-triggered).
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

  func remove(_ socket: Socket) { ignore(socket.descriptor) }

  /// Watches a descriptor for what is asked, and tells it as long as it is so (level-triggered).
  package func watch(
    _ descriptor: Int32, token: Int, reading: Bool, writing: Bool, isKnown: Bool
  ) -> Bool {
    let flags = (reading ? mapred_epoll_in : 0) | (writing ? mapred_epoll_out : 0)
    var event = unsafe epoll_event(events: flags, data: epoll_data_t(u64: UInt64(token)))
    let call = isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD
    return unsafe epoll_ctl(self.descriptor, call, descriptor, &event) == 0
  }

  package func ignore(_ descriptor: Int32) {
    var event = unsafe epoll_event()
    _ = unsafe epoll_ctl(self.descriptor, EPOLL_CTL_DEL, descriptor, &event)
  }

  /// Waits for at most `nanoseconds`, 0 to look only, and tells what changed.
  package func wait(nanoseconds: UInt64, _ tell: (Change) -> Void) {
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
