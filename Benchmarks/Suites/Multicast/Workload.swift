// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Multicast
import Vocabulary

/// What a group of members does in one turn: the same description in all of their processes.
struct Workload: Sendable {
  /// Who sends.
  enum Senders: String, Sendable {
    /// The first member; all receive.
    case one
    /// All members; all receive.
    case all
    /// The first half of the members, which do not receive; the other half receives.
    case half
  }

  /// What members do with the bytes of a message.
  enum Handling: String, Sendable {
    /// Senders copy the message into its place, receivers read a word of each line.
    case used
    /// Senders make the message in its place, by writing every byte; receivers are given it there
    /// and leave it unread, as where a network card writes it into the memory of a replica.
    case filled
    /// Nobody writes or reads them: the bare cost of moving them, as other programs measure it.
    case bare
  }

  var transport: Transport
  var members: Int
  var senders: Senders
  var bytes: Int
  /// Messages of each sender that are measured.
  var messages: Int
  var window = 1024
  var handling = Handling.used
  /// Nanoseconds from one message of a sender to its next; 0: as fast as they are taken.
  var interval = 0
  /// Milliseconds in which nothing is sent, instead of messages.
  var idle = 0

  /// Messages of each sender before those that are measured, and as many after them: at least as
  /// many as can be under way, so that rings are as full at the end of the time as at its start.
  var margin: Int {
    if idle > 0 { return 0 }
    return max(messages / 8, interval > 0 ? 0 : underWay) + 1
  }

  /// How many messages of a sender can be under way.
  var underWay: Int { min(window, ringBytes / max(16, bytes + 8)) }

  /// Measures at least so many messages that those that are taken at once do not decide.
  func long() -> Workload {
    var longer = self
    longer.messages = max(messages, 8 * underWay)
    return longer
  }

  /// Delays are measured where messages do not wait for each other.
  var measuresDelays: Bool { interval > 0 }

  /// Messages up to this size go through the rings of small messages.
  static let smallBytes = 16 << 10

  var sendingMembers: [Rank] {
    switch senders {
    case .one: [Rank(0)]
    case .all: (0..<members).map { Rank($0) }
    case .half: (0..<members / 2).map { Rank($0) }
    }
  }

  var receivers: RankSet {
    let all = RankSet(first: members)
    return senders == .half ? all.subtracting(RankSet(sendingMembers)) : all
  }

  /// Copies of a message that have to come to somebody else.
  var copies: Int {
    let own = sendingMembers.first.map { receivers.contains($0) ? 1 : 0 } ?? 0
    return receivers.count - own
  }

  /// Bytes of the ring that messages of this size lie in.
  var ringBytes: Int {
    bytes <= Self.smallBytes ? smallRingBytes : blockRingBytes
  }

  /// As many messages as may be under way, up to what a processor's caches hold.
  private var smallRingBytes: Int {
    let entryBytes = bytes <= Self.smallBytes ? (bytes + 15) & ~7 : 16
    let wanted = min(window * entryBytes, 4 << 20)
    var size = 128 << 10
    while size < wanted { size *= 2 }
    return size
  }

  private var blockRingBytes: Int {
    guard bytes > Self.smallBytes else { return 0 }
    let pages = (bytes + Limits.pageBytes - 1) / Limits.pageBytes * Limits.pageBytes
    // Two of the largest, more of smaller ones.
    return pages * max(2, min(8, (64 << 20) / pages))
  }

  var plan: SubgroupPlan {
    var plan = SubgroupPlan(name: "measured", senders: sendingMembers, receivers: receivers)
    plan.window = window
    plan.smallBytes = Self.smallBytes
    plan.smallRingBytes = smallRingBytes
    plan.blockRingBytes = blockRingBytes
    return plan
  }
}

/// Workloads as text, from the process that starts members to theirs.
extension Workload {
  var text: String {
    JSON.object([
      ("transport", .text(transport.rawValue)), ("members", .integer(members)),
      ("senders", .text(senders.rawValue)), ("bytes", .integer(bytes)),
      ("messages", .integer(messages)), ("window", .integer(window)),
      ("handling", .text(handling.rawValue)), ("interval", .integer(interval)),
      ("idle", .integer(idle)),
    ]).line
  }

  init?(text: String) {
    let fields = FlatObject(text)
    func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
    guard let transport = fields["transport"].flatMap(Transport.init(rawValue:)),
      let senders = fields["senders"].flatMap(Senders.init(rawValue:)),
      let handling = fields["handling"].flatMap(Handling.init(rawValue:)),
      let members = number("members"), let bytes = number("bytes"),
      let messages = number("messages"), let window = number("window"),
      let interval = number("interval"), let idle = number("idle"),
      (1...Limits.members).contains(members)
    else { return nil }
    self.init(
      transport: transport, members: members, senders: senders, bytes: bytes, messages: messages,
      window: window, handling: handling, interval: interval, idle: idle)
  }
}
