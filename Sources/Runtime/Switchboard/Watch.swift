// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// What a descriptor is watched for.
struct Interest: Hashable {
  var reading = false
  var writing = false

  static let none = Interest()
  static let reading = Interest(reading: true)
}

/// Something with a descriptor that waits for it.
protocol Watched: AnyObject {
  /// The descriptor, as long as it is watched.
  var descriptor: Int32 { get }
  /// What to wait for now; asked again after each call of `ready`.
  var interest: Interest { get }
  /// The place that `Watch` has given it; nil where it is not watched.
  var place: Int? { get set }
  func ready(_ change: Epoll.Change)
}

/// All descriptors of the switchboard's thread.
///
/// Level-triggered: what was not read is told again, so a connection may take a piece at a time and
/// leave the turn to others. What nobody waits for is not watched at all, because the end of a
/// connection would be told again and again.
final class Watch {
  private struct Entry {
    let watched: any Watched
    var interest: Interest
  }

  private let epoll: Epoll
  private var entries: [Int: Entry] = [:]
  private var nextPlace = 1

  init() throws(FabricError) {
    guard let epoll = Epoll() else { throw .system("cannot wait for sockets", errno) }
    self.epoll = epoll
  }

  func add(_ watched: any Watched) {
    precondition(watched.place == nil, "what is watched is watched once")
    let place = nextPlace
    nextPlace += 1
    watched.place = place
    entries[place] = Entry(watched: watched, interest: .none)
    update(watched)
  }

  /// Takes it out; before its descriptor is closed.
  func remove(_ watched: any Watched) {
    guard let place = watched.place, let entry = entries.removeValue(forKey: place) else { return }
    watched.place = nil
    if entry.interest != .none { epoll.ignore(watched.descriptor) }
  }

  /// Waits from now on for what it wants now.
  func update(_ watched: any Watched) {
    guard let place = watched.place, let known = entries[place]?.interest else { return }
    let wanted = watched.interest
    guard wanted != known else { return }
    entries[place]?.interest = wanted
    if wanted == .none { return epoll.ignore(watched.descriptor) }
    let isWatched = epoll.watch(
      watched.descriptor, token: place, reading: wanted.reading, writing: wanted.writing,
      isKnown: known != .none)
    // The system takes any number of descriptors that are open; what fails here has no memory.
    precondition(isWatched, "cannot watch a socket: \(errorText(errno))")
  }

  /// Waits until `deadline` at most, and lets those act for whom something changed.
  func wait(until deadline: UInt64, now: UInt64) {
    epoll.wait(nanoseconds: deadline > now ? deadline - now : 0) { change in
      // It may have been taken out by one that acted before it.
      guard let watched = entries[change.token]?.watched else { return }
      watched.ready(change)
      update(watched)
    }
  }
}
