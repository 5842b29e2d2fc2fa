// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Cuts what users did into sessions: a session ends where a user does nothing for some time.
struct Sessions: Job {
  static let abstract = "Cuts what users did into sessions, by the time between two events."

  @Argument(help: "Files to read, one event a line.") var input: [String]
  @Option(help: "Which field names the user, from 1.") var userField = 1
  @Option(help: "Which field holds the time in seconds, from 1.") var timeField = 2
  @Option(help: "The character between fields.") var separator = ","
  @Option(help: "Seconds without an event that end a session.") var gap = 1800.0

  func validate() throws {
    if userField < 1 || timeField < 1 { throw ValidationError("fields are numbered from 1") }
    if !(gap > 0) { throw ValidationError("the gap is above zero") }
    if separator.unicodeScalars.count != 1 || !separator.utf8.allSatisfy({ $0 < 0x80 }) {
      throw ValidationError("the separator is one ASCII character")
    }
  }

  func plan(_ flow: Flow) {
    let separator = separator.unicodeScalars.first ?? ","
    let skipped = flow.counter("lines without user and time")
    flow.read(.lines(input))
      .flatMap(to: (Bytes, Double).self) { [userField, timeField] line, emit in
        guard let user = line.field(userField - 1, separator: separator),
          let time = line.field(timeField - 1, separator: separator).flatMap({ Double($0) }),
          time.isFinite
        else { return skipped.add() }
        emit(user, time)
      }
      .group(orderedBy: { $0 }, to: (Tuple<String, Double>, Session).self) {
        [gap] user, times, emit in
        var session: Session?
        for time in times {
          if let open = session, time - open.end < gap {
            session?.end = time
            session?.events += 1
          } else {
            if let session { emit(Tuple(String(user), session.start), session) }
            session = Session(at: time)
          }
        }
        if let session { emit(Tuple(String(user), session.start), session) }
      }
      .write(.result("sessions"))
  }
}

/// What one user did without a pause.
struct Session: Codable, Record, Equatable {
  var start: Double
  var end: Double
  var events = 1

  init(at time: Double) {
    start = time
    end = time
  }
}
