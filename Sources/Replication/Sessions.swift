// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// The answers that clients were given and have not acknowledged: what makes a command that is sent
/// again have no second effect.
///
/// Part of the replicated state: all replicas keep and forget the same. At most
/// `Limits.sessions` are kept; the one that was silent for longest goes first. A client that comes
/// back after that is told that its session is over, where it shows that it had one.
package struct Sessions: Sendable {
  fileprivate struct Session: Sendable {
    let id: NodeID
    var acknowledged: UInt64
    /// By number, in ascending order.
    var answers: [(number: UInt64, outcome: Outcome)] = []
    /// When it was used last, counted in commands.
    var lastUse: UInt64
  }

  /// By id, in ascending order.
  private var sessions: [Session] = []
  private var uses: UInt64 = 0
  /// Uses, oldest first; those that are not a session's last are passed over.
  private var queue: [(use: UInt64, id: NodeID)] = []
  private var head = 0
  private let limit: Int

  package init(limit: Int = Limits.sessions) { self.limit = limit }

  package var count: Int { sessions.count }

  /// What a command came to before, or came to now by `apply`. O(log sessions + answers).
  package mutating func once(_ id: CommandID, _ apply: () -> Outcome) -> Outcome {
    let place: Int
    switch find(id.session) {
    case .found(let found): place = found
    case .absent(let index):
      guard id.acknowledged == 0 else {
        return .refused(
          "the session is over: \(limit) others were used since; what it did not acknowledge may "
            + "have happened or not")
      }
      sessions.insert(Session(id: id.session, acknowledged: 0, lastUse: 0), at: index)
      place = index
    }
    touch(place)
    sessions[place].acknowledge(id.acknowledged)
    if let outcome = sessions[place].known(id.number) { return outcome }
    guard sessions[place].answers.count < Limits.sessionCommands else {
      return .refused(
        "the session has \(Limits.sessionCommands) answers that it did not acknowledge")
    }
    let outcome = apply()
    sessions[place].keep(id.number, outcome)
    evict()
    return outcome
  }

  private enum Place {
    case found(Int)
    case absent(Int)
  }

  private func find(_ id: NodeID) -> Place {
    var low = 0
    var high = sessions.count
    while low < high {
      let middle = (low + high) / 2
      if sessions[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < sessions.count && sessions[low].id == id ? .found(low) : .absent(low)
  }

  private mutating func touch(_ place: Int) {
    uses += 1
    sessions[place].lastUse = uses
    queue.append((uses, sessions[place].id))
    // Passes over what is no longer a session's last use, before it is more than the sessions.
    guard queue.count - head > 2 * sessions.count + 64 else { return }
    queue = queue[head...].filter { isLast($0.use, of: $0.id) }
    head = 0
  }

  private func isLast(_ use: UInt64, of id: NodeID) -> Bool {
    guard case .found(let place) = find(id) else { return false }
    return sessions[place].lastUse == use
  }

  private mutating func evict() {
    while sessions.count > limit, head < queue.count {
      let (use, id) = queue[head]
      head += 1
      guard isLast(use, of: id), case .found(let place) = find(id) else { continue }
      sessions.remove(at: place)
    }
  }
}

extension Sessions.Session {
  /// The answer to a command of this session that was done before.
  func known(_ number: UInt64) -> Outcome? {
    if number <= acknowledged { return .refused("command \(number) was acknowledged before") }
    return answers.first { $0.number == number }?.outcome
  }

  mutating func acknowledge(_ number: UInt64) {
    guard number > acknowledged else { return }
    acknowledged = number
    answers.removeAll { $0.number <= number }
  }

  mutating func keep(_ number: UInt64, _ outcome: Outcome) {
    let place = answers.firstIndex { $0.number > number } ?? answers.count
    answers.insert((number, outcome), at: place)
  }
}

extension Sessions {
  package func write(into out: inout ByteBuffer) {
    out.appendVarint(uses)
    out.appendVarint(UInt64(sessions.count))
    for session in sessions {
      out.append(session.id)
      out.appendVarint(session.acknowledged)
      out.appendVarint(session.lastUse)
      out.appendVarint(UInt64(session.answers.count))
      for (number, outcome) in session.answers {
        var bytes = ByteBuffer()
        outcome.write(into: &bytes)
        out.appendVarint(number)
        out.appendVarint(UInt64(bytes.count))
        out.append(bytes.bytes)
      }
    }
  }

  package init(
    reading reader: inout ByteReader, limit: Int = Limits.sessions
  ) throws(ByteReader.Damaged) {
    self.init(limit: limit)
    uses = try reader.varint()
    for _ in 0..<(try reader.length()) {
      let id = try reader.id()
      let acknowledged = try reader.varint()
      var session = Session(
        id: id, acknowledged: acknowledged, lastUse: try reader.varint())
      for _ in 0..<(try reader.length()) {
        let number = try reader.varint()
        let outcome = try Outcome.read(try reader.take(try reader.length()))
        session.answers.append((number, outcome))
      }
      sessions.append(session)
    }
    queue = sessions.map { ($0.lastUse, $0.id) }.sorted { $0.0 < $1.0 }
  }
}
