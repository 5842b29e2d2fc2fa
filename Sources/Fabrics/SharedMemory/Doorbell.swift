// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Synchronization
import Vocabulary

/// What wakes a parked member: one word that says whether it is parked, on which it sleeps. The
/// member and all who push to it map it; it is the only memory that more than one of them writes.
///
/// A member that waits for connections, too, sleeps on an event in place of the word; the event is
/// signalled only where the word says that the member is parked.
///
/// The word also says that its member *holds* those who push to it: it draws a fence, and looks at
/// cells that must stand still for a moment. A member that holds is not parked.
///
/// A lost wake-up is excluded as in Dekker's algorithm: the member says that it is parked and then
/// looks at the cells once more; whoever pushes has stored the cells and then looks at the word;
/// and both put a full fence between the two. One of them sees the other.
@safe
final class Doorbell: @unchecked Sendable {
  // Safe because the page is mapped here and lives as long as this object. Sendable because the
  // word is atomic.
  private let page: UnsafeMutableRawPointer
  let file: MemoryFile
  /// What becomes readable when somebody rings: for a member that parks in `epoll`, where it also
  /// waits for connections. Nil where it sleeps on the word.
  let event: Descriptor?

  static let byteCount = Limits.pageBytes
  private static let awake: UInt32 = 0
  private static let parked: UInt32 = 1
  private static let holding: UInt32 = 2

  init(_ file: MemoryFile, event: Descriptor? = nil) throws(FabricError) {
    let access = PROT_READ | PROT_WRITE
    let number = file.descriptor.number
    guard let page = unsafe mmap(nil, Self.byteCount, access, MAP_SHARED, number, 0),
      unsafe page != MAP_FAILED
    else { throw .system("cannot map a doorbell", errno) }
    unsafe self.page = unsafe page
    self.file = file
    self.event = event
  }

  deinit { unsafe munmap(page, Self.byteCount) }

  private var word: UnsafeMutablePointer<Atomic<UInt32>> {
    unsafe page.assumingMemoryBound(to: Atomic<UInt32>.self)
  }

  /// The member says that it will sleep. What it loads from now on is newer than what any pusher
  /// stored who did not see this.
  func arm() {
    unsafe word.pointee.store(Self.parked, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  /// Whether nobody has rung since `arm`.
  var isParked: Bool { unsafe word.pointee.load(ordering: .acquiring) == Self.parked }

  func disarm() { unsafe word.pointee.store(Self.awake, ordering: .relaxed) }

  /// Whoever pushes from now on waits until `release`: what it has stored before, it has stored
  /// before it waits. The next load sees it.
  func hold() {
    unsafe word.pointee.store(Self.holding, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
  }

  func release() { unsafe word.pointee.store(Self.awake, ordering: .releasing) }

  /// Sleeps until somebody rings, or the time is over.
  func sleep(nanoseconds: UInt64) {
    let deadline = monotonicNanoseconds() &+ nanoseconds
    while unsafe word.pointee.load(ordering: .acquiring) == Self.parked {
      let now = monotonicNanoseconds()
      guard now < deadline else { break }
      unsafe mapred_futex_wait(
        page.assumingMemoryBound(to: UInt32.self), Self.parked, deadline - now)
    }
    disarm()
  }

  /// Wakes the member where it is parked. The caller has put a full fence behind its stores. Costs
  /// one load of a word that seldom changes, and a system call only for a sleeper. True where the
  /// member holds those who push.
  @inline(__always)
  func ring() -> Bool {
    let state = unsafe word.pointee.load(ordering: .relaxed)
    guard state != Self.awake else { return false }
    if state == Self.parked { wake() }
    return state == Self.holding
  }

  @inline(never)
  private func wake() {
    // What is no longer parked, is left as it is: it may hold by now.
    let (isMine, _) = unsafe word.pointee.compareExchange(
      expected: Self.parked, desired: Self.awake, ordering: .sequentiallyConsistent)
    guard isMine else { return }
    if let event {
      event.signal()
    } else {
      unsafe mapred_futex_wake(page.assumingMemoryBound(to: UInt32.self))
    }
  }

  /// Waits while the member holds, until `deadline` at most: it may have ended in the middle.
  @inline(never)
  func waitWhileHeld(until deadline: UInt64) {
    while unsafe word.pointee.load(ordering: .acquiring) == Self.holding,
      monotonicNanoseconds() < deadline
    {
      sched_yield()
    }
  }
}
