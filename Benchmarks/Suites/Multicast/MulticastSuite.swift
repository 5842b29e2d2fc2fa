// SPDX-License-Identifier: Apache-2.0
import Bench
import Fabrics

/// Groups of processes on this machine that multicast to each other, over each transport that works
/// here.
enum MulticastSuite: Suite {
  static let name = "multicast"
  private static let messages = Parameter(name: "small messages", large: 400_000, small: 10_000)
  private static let bytes = Parameter(
    name: "bytes of large ones", large: 2 << 30, small: 16 << 20)
  private static let paced = Parameter(name: "paced messages", large: 2000, small: 50)
  private static let idle = Parameter(name: "idle milliseconds", large: 5000, small: 300)
  /// Nanoseconds between messages that keep a pace.
  private static let interval = 1_000_000
  static let parameters = [messages, bytes, paced, idle]

  static func run(_ session: Session) throws {
    let contest = GroupContest(
      session: session, transports: try GroupContest.working(session.transports, session))
    guard !contest.transports.isEmpty else { return }
    try runSmall(contest)
    try runLarge(contest)
    try runDelays(contest)
    try runPublished(contest)
    try runIdle(contest)
  }

  /// Sizes as people write them.
  static func label(_ bytes: Int) -> String {
    for (size, unit) in [(1 << 20, "MiB"), (1 << 10, "KiB")] where bytes % size == 0 {
      return "\(bytes / size) \(unit)"
    }
    return "\(bytes) B"
  }

  private static func label(_ senders: Workload.Senders, of members: Int) -> String {
    switch senders {
    case .one: "1 of \(members) sends"
    case .all: "\(members) send"
    case .half: "\(members / 2) to \(members - members / 2)"
    }
  }

  /// Many messages of few bytes.
  private static func runSmall(_ contest: GroupContest) throws {
    let isSmall = contest.session.isSmall
    let groups: [(Int, Workload.Senders)] =
      isSmall
      ? [(3, .all), (4, .half)]
      : [(2, .all), (3, .all), (4, .one), (4, .half), (4, .all), (8, .all)]
    for (members, senders) in groups {
      let title = label(senders, of: members)
      for bytes in isSmall ? [64, 10 << 10] : [1, 64, 1 << 10, 10 << 10] {
        // Fewer of the larger ones, so that a turn takes about as long.
        let all = contest.session[messages] / max(1, bytes >> 9)
        let count = max(20, all / (senders == .one ? 1 : members))
        let workload = { transport in
          Workload(
            transport: transport, members: members, senders: senders, bytes: bytes,
            messages: count
          ).long()
        }
        try contest.run(
          GroupContest.Case(
            name: "\(title), \(label(bytes))", workload: workload,
            metrics: [GroupContest.messages, GroupContest.delivered, GroupContest.cost],
            chart: "Small messages, \(title)", category: label(bytes),
            drawn: ["messages", "cpu/message"], references: try references(contest, workload)))
      }
    }
  }

  /// What a transport's cases are compared with.
  private static func references(
    _ contest: GroupContest, _ workload: (Transport) -> Workload
  ) throws -> [Transport: Contestant] {
    let programs = MulticastReferences(session: contest.session)
    var found: [Transport: Contestant] = [:]
    for transport in contest.transports {
      switch transport {
      case .shm: found[.shm] = try programs.copy(workload(.shm))
      // One sender only: to write the same bytes to every socket is what it is compared with.
      case .tcp where workload(.tcp).senders == .one:
        found[.tcp] = try programs.send(workload(.tcp))
      case .tcp, .verbs, .mixed, .auto: break
      }
    }
    return found
  }

  /// Few messages of many bytes, in blocks.
  private static func runLarge(_ contest: GroupContest) throws {
    let isSmall = contest.session.isSmall
    let groups: [(Int, Workload.Senders, Workload.Handling)] =
      isSmall
      ? [(3, .one, .used), (2, .all, .bare)]
      : [
        (3, .one, .used), (3, .one, .filled), (3, .one, .bare), (8, .one, .used), (4, .half, .used),
        (4, .all, .used),
      ]
    for (members, senders, handling) in groups {
      let title =
        label(senders, of: members) + (handling == .used ? "" : ", \(handling.rawValue)")
      for bytes in isSmall ? [64 << 10, 1 << 20] : [64 << 10, 1 << 20, 16 << 20, 256 << 20] {
        // A ring of such messages for each sender at each member: that many do not fit.
        if bytes > 16 << 20, senders != .one || members > 3 { continue }
        let copies = Workload(
          transport: .tcp, members: members, senders: senders, bytes: bytes, messages: 1
        ).copies
        let all = contest.session[Self.bytes] / bytes / copies
        let count = max(2, all / (senders == .one ? 1 : members))
        let workload = { transport in
          Workload(
            transport: transport, members: members, senders: senders, bytes: bytes,
            messages: count, handling: handling)
        }
        try contest.run(
          GroupContest.Case(
            name: "\(title), \(label(bytes))", workload: workload,
            metrics: [GroupContest.delivered, GroupContest.cost, GroupContest.share],
            chart: "Large messages, \(title)", category: label(bytes), drawn: ["delivered"],
            references: try references(contest, workload)))
      }
    }
  }

  /// Messages that do not wait for each other.
  private static func runDelays(_ contest: GroupContest) throws {
    let session = contest.session
    let programs = MulticastReferences(session: session)
    let waking = try programs.pingPong(yields: 20, rounds: session[paced], pause: interval / 1000)
    for (members, senders) in session.isSmall
      ? [(3, .one)] : [(2, .one), (3, .all), (8, .one)] as [(Int, Workload.Senders)]
    {
      let title = label(senders, of: members)
      for bytes in session.isSmall ? [64] : [1, 64, 1 << 10, 10 << 10, 1 << 20] {
        try contest.run(
          GroupContest.Case(
            name: "\(title), \(label(bytes))",
            workload: { transport in
              Workload(
                transport: transport, members: members, senders: senders, bytes: bytes,
                messages: session[paced], interval: interval)
            },
            metrics: GroupContest.delays + [GroupContest.cost],
            chart: "One message a millisecond, \(title)", category: label(bytes),
            drawn: ["delay p50", "delay p99"], references: waking.map { [.shm: $0] } ?? [:]))
      }
    }
    try runPingPong(programs)
  }

  /// What waking costs here, without any multicast.
  private static func runPingPong(_ programs: MulticastReferences) throws {
    let session = programs.session
    let rounds = session.isSmall ? 2000 : 50_000
    let pair = try [0, 20].compactMap { try programs.pingPong(yields: $0, rounds: rounds) }
    let standings = try session.contest(pair, repetitions: session.isSmall ? 2 : nil)
    for contestant in pair {
      for metric in GroupContest.delays.prefix(2) + [GroupContest.cost] {
        session.reporter.show(
          contestant.name, metric, standings[contestant.name], isDrawn: false)
      }
    }
  }

  /// The same rows as Derecho over TCP.
  private static func runPublished(_ contest: GroupContest) throws {
    let session = contest.session
    for row in session.isSmall ? [PublishedRow.derecho[2]] : PublishedRow.derecho {
      let size = "\(label(row.bytes)), window \(row.window)"
      let all =
        row.bytes <= Workload.smallBytes
        ? session[messages] / max(1, row.bytes >> 9) : session[bytes] / row.bytes / 2
      let count = max(20, all / (row.senders == .one ? 1 : row.members))
      try contest.run(
        GroupContest.Case(
          name: "\(label(row.senders, of: row.members)), \(size)",
          workload: { transport in
            Workload(
              transport: transport, members: row.members, senders: row.senders, bytes: row.bytes,
              messages: count, window: row.window, handling: .bare
            ).long()
          },
          metrics: [GroupContest.messages, GroupContest.cost],
          chart: "Rows of Derecho over TCP",
          category: "\(label(row.senders, of: row.members)), \(size)",
          drawn: ["messages", "cpu/message"], form: .bars,
          references: Dictionary(
            uniqueKeysWithValues: contest.transports.map { ($0, row.contestant) })))
    }
  }

  /// A group that has nothing to do.
  private static func runIdle(_ contest: GroupContest) throws {
    try contest.run(
      GroupContest.Case(
        name: "4 members, idle",
        workload: { transport in
          Workload(
            transport: transport, members: 4, senders: .all, bytes: 64, messages: 0,
            idle: contest.session[idle])
        },
        metrics: [GroupContest.idle, GroupContest.resident, GroupContest.share],
        chart: "Nothing to do", category: "4 members", drawn: ["cpu idle", "resident"],
        form: .bars,
        references: Dictionary(
          uniqueKeysWithValues: contest.transports.map { ($0, PublishedRow.resident) })))
  }
}
