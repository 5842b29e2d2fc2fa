// SPDX-License-Identifier: Apache-2.0
import CSystem
import Engine
import Fabrics
import Glibc
import Synchronization

/// Carries what threads of this process ask of its polling thread, and the replies back. The
/// polling thread never waits for it.
final class Gateway: Sendable {
  private struct State {
    /// Not yet taken by the polling thread.
    var asked: [(number: UInt64, bytes: [UInt8])] = []
    var abandoned: [UInt64] = []
    /// Who waits, by the number of the request.
    var boxes: [UInt64: ReplyBox] = [:]
    var last = Gateway.firstNumber
    /// Set once the polling thread ends.
    var isClosed = false
  }

  /// Numbers from here on are of this gateway's; those of the clients' sockets are counted from 1.
  private static let firstNumber: UInt64 = 1 << 63

  private let state = Mutex(State())
  private let most: Int
  private let rouse: @Sendable () -> Void

  /// At most `most` requests wait. `rouse` is called when there is something to take.
  init(most: Int, rouse: @escaping @Sendable () -> Void) {
    self.most = most
    self.rouse = rouse
  }

  /// Whether the answer with this number goes through here.
  static func owns(_ number: UInt64) -> Bool { number >= firstNumber }

  /// Asks; the reply comes into `box`. Nil where it is there at once: there is no place, or nobody
  /// answers any more.
  func ask(_ bytes: [UInt8], _ box: ReplyBox) -> UInt64? {
    let number: UInt64? = state.withLock { state in
      guard !state.isClosed else {
        box.put(.unavailable(Self.stopped))
        return nil
      }
      guard state.boxes.count < most else {
        box.put(.busy("\(most) requests wait at this node already: send fewer at a time"))
        return nil
      }
      state.last += 1
      state.asked.append((state.last, bytes))
      state.boxes[state.last] = box
      return state.last
    }
    if number != nil { rouse() }
    return number
  }

  /// Nobody waits for this reply any more.
  func abandon(_ number: UInt64) {
    let wasWaiting = state.withLock { state in
      guard state.boxes.removeValue(forKey: number) != nil else { return false }
      if let place = state.asked.firstIndex(where: { $0.number == number }) {
        state.asked.remove(at: place)
        return false
      }
      state.abandoned.append(number)
      return true
    }
    if wasWaiting { rouse() }
  }

  /// What was asked since the last call, and whose replies nobody waits for any more.
  func take() -> (asked: [(number: UInt64, bytes: [UInt8])], abandoned: [UInt64]) {
    state.withLock { state in
      defer {
        state.asked.removeAll()
        state.abandoned.removeAll()
      }
      return (state.asked, state.abandoned)
    }
  }

  func answer(_ number: UInt64, _ reply: Reply) {
    state.withLock { $0.boxes.removeValue(forKey: number) }?.put(reply)
  }

  /// Nothing is asked any more; whoever waits is told.
  func close() {
    let boxes = state.withLock { state in
      state.isClosed = true
      state.asked.removeAll()
      defer { state.boxes.removeAll() }
      return Array(state.boxes.values)
    }
    for box in boxes { box.put(.unavailable(Self.stopped)) }
  }

  static let stopped = "this node has stopped"
}

/// Where one thread waits for its replies.
final class ReplyBox: Sendable {
  private let reply = Mutex<Reply?>(nil)
  private let bell: Descriptor

  init() throws(FabricError) {
    let number = mapred_event()
    guard number >= 0 else { throw .system("cannot make an event counter", errno) }
    bell = Descriptor(number)
  }

  func put(_ made: Reply) {
    reply.withLock { $0 = made }
    var one: UInt64 = 1
    _ = unsafe write(bell.number, &one, 8)
  }

  func take() -> Reply? {
    var count: UInt64 = 0
    _ = unsafe read(bell.number, &count, 8)
    return reply.withLock { reply in
      defer { reply = nil }
      return reply
    }
  }

  /// `POLLRDHUP`, which the system's module does not show.
  private static let peerIsGone: Int16 = 0x2000

  enum Ending {
    case reply(Reply)
    case late
    /// The peer closed its connection.
    case gone
  }

  /// Waits for a reply until a deadline, or until whoever is at the other end of `peer` goes.
  func wait(until deadline: UInt64, peer: Int32?) -> Ending {
    while true {
      if let reply = take() { return .reply(reply) }
      let now = monotonicNanoseconds()
      guard now < deadline else { return .late }
      let milliseconds = (deadline - now + 999_999) / 1_000_000
      var places = [
        pollfd(fd: bell.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: peer ?? -1, events: Self.peerIsGone, revents: 0),
      ]
      let count = unsafe poll(&places, 2, Int32(min(milliseconds, 1 << 30)))
      guard count > 0, places[0].revents == 0, places[1].revents != 0 else { continue }
      return .gone
    }
  }
}
