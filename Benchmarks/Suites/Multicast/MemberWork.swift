// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory
import Multicast
import Vocabulary

/// Nanoseconds of the clock that all processes of a machine share.
func nanoseconds() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What a member does in its turns: takes messages, and sends its own.
struct MemberWork {
  private static let pieceBytes = 1 << 20

  private let workload: Workload
  private let rank: Rank
  private let isSender: Bool
  private let isReceiver: Bool
  /// What messages are filled with, piece by piece.
  private let filling: [UInt8]
  /// How many messages it sends and delivers, and which of those that it delivers are measured.
  private let toSend: Int
  private let toDeliver: Int
  private let first: Int
  private let last: Int
  private var sent = 0
  private var delivered = 0
  /// Messages of this member that it delivered itself.
  private var ownDelivered = 0
  /// When this member's messages were sent, where these are too short to say so.
  private var times: [UInt64] = []
  /// When the next message is due, where they keep a pace.
  private var due: UInt64 = 0
  private var underWay = 0
  private var begun: (clock: Double, cpu: Double)?
  private var hasEnded = false
  private var report = MemberReport()
  /// What receivers have read, so that reading cannot be left out.
  private(set) var sum: UInt64 = 0
  private(set) var isDone = false

  init(_ workload: Workload, rank: Rank) {
    self.workload = workload
    self.rank = rank
    isSender = workload.sendingMembers.contains(rank)
    isReceiver = workload.receivers.contains(rank)
    let all = 2 * workload.margin + workload.messages
    let senders = workload.sendingMembers.count
    toSend = isSender ? all : 0
    toDeliver = isReceiver ? senders * all : 0
    first = senders * workload.margin
    last = senders * (workload.margin + workload.messages)
    filling =
      isSender && workload.handling == .used
      ? (0..<min(workload.bytes, Self.pieceBytes)).map { UInt8(truncatingIfNeeded: $0 &* 31) } : []
    if workload.idle > 0 { begin() }
    due = nanoseconds()
  }

  private mutating func begin() {
    begun = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
  }

  /// The measured time is over, but not what has to be done.
  private mutating func end() {
    guard let begun else { return }
    hasEnded = true
    report.seconds = seconds(CLOCK_MONOTONIC) - begun.clock
    report.cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.cpu
  }

  /// One turn; true where it did something.
  mutating func step(_ subgroup: inout Subgroup) throws(MulticastError) -> Bool {
    if workload.idle > 0 {
      let start = begun?.clock ?? 0
      if seconds(CLOCK_MONOTONIC) - start >= Double(workload.idle) * 1e-3 {
        end()
        finish()
      }
      return false
    }
    var hasWorked = try deliver(&subgroup)
    if isSender { hasWorked = send(&subgroup) || hasWorked }
    if !isDone, delivered == toDeliver, sent == toSend, underWay == 0 { finish() }
    return hasWorked
  }

  private mutating func deliver(_ subgroup: inout Subgroup) throws(MulticastError) -> Bool {
    guard isReceiver else { return false }
    var hasDelivered = false
    while let message = try subgroup.next() {
      hasDelivered = true
      take(message)
    }
    return hasDelivered
  }

  private mutating func take(_ message: Message) {
    if workload.measuresDelays { noteDelay(message) }
    if workload.handling == .used { read(message.bytes) }
    delivered += 1
    if delivered == first { begin() }
    if delivered == last { end() }
  }

  private mutating func noteDelay(_ message: Message) {
    let now = nanoseconds()
    var then: UInt64?
    if message.bytes.count >= 8 {
      then = unsafe message.bytes.withRaw { base, _ in unsafe base.loadUnaligned(as: UInt64.self) }
    } else if message.sender == rank {
      then = times[ownDelivered]
      ownDelivered += 1
    }
    if let then, delivered >= first, delivered < last { report.delays.add(now - then) }
  }

  /// Reads a word of each line.
  private mutating func read(_ bytes: Bytes) {
    sum &+= unsafe bytes.withRaw { base, count in
      var sum: UInt64 = 0
      var place = 0
      while place + 8 <= count {
        unsafe sum &+= (base + place).loadUnaligned(as: UInt64.self)
        place += 64
      }
      return sum
    }
  }

  private mutating func send(_ subgroup: inout Subgroup) -> Bool {
    var hasSent = false
    while sent < toSend {
      if workload.interval > 0 {
        if nanoseconds() < due { break }
        due += UInt64(workload.interval)
      }
      guard let place = subgroup.reserve(workload.bytes) else {
        // The message that finds no room is due at once when there is some.
        if workload.interval > 0 { due -= UInt64(workload.interval) }
        break
      }
      switch workload.handling {
      case .used: fill(place)
      case .filled: produce(place)
      case .bare: break
      }
      if workload.measuresDelays {
        if workload.bytes >= 8 {
          place.segment.writeWord(nanoseconds(), at: place.offset)
        } else {
          times.append(nanoseconds())
        }
      }
      subgroup.commit()
      sent += 1
      hasSent = true
    }
    underWay = subgroup.underWay
    if !isReceiver { noteSent(sent - underWay) }
    return hasSent
  }

  /// A member that only sends goes by what all receivers have delivered of its own.
  private mutating func noteSent(_ arrived: Int) {
    if begun == nil, arrived >= workload.margin { begin() }
    if !hasEnded, arrived >= workload.margin + workload.messages { end() }
  }

  /// Makes the message where it is sent from: every byte is written, none is copied.
  private func produce(_ place: Reservation) {
    let byte = UInt8(truncatingIfNeeded: sent)
    unsafe place.segment.fill(place.offset, place.byteCount) { room in
      _ = unsafe room.initializeMemory(as: UInt8.self, repeating: byte)
    }
  }

  private func fill(_ place: Reservation) {
    filling.withBytes { piece in
      var filled = 0
      while filled < place.byteCount {
        let count = min(piece.count, place.byteCount - filled)
        place.segment.write(piece[0..<count], at: place.offset + filled)
        filled += count
      }
    }
  }

  /// How long a member may park that has found nothing to do.
  var patience: UInt64 {
    let most: UInt64 = 100_000_000
    guard workload.interval > 0, sent < toSend else { return most }
    let now = nanoseconds()
    return due > now ? min(most, due - now) : most
  }

  private mutating func finish() {
    report.delivered = isReceiver ? last - first : 0
    report.measureMemory()
    isDone = true
  }

  /// What there is to tell at the end.
  var finalReport: MemberReport { report }
}
