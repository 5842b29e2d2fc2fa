// SPDX-License-Identifier: Apache-2.0
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@Suite struct SessionsTests {
  private func id(_ session: UInt64, _ number: UInt64, _ acknowledged: UInt64 = 0) -> CommandID {
    CommandID(
      session: NodeID(high: session, low: 0), number: number, acknowledged: acknowledged)
  }

  private func isRefused(_ outcome: Outcome, _ part: String) -> Bool {
    if case .refused(let reason) = outcome { return reason.contains(part) }
    return false
  }

  private func copy(_ sessions: Sessions, limit: Int) throws -> Sessions {
    var out = ByteBuffer()
    sessions.write(into: &out)
    return try Array(out.bytes).withBytes { bytes in
      var reader = ByteReader(bytes)
      let copy = try Sessions(reading: &reader, limit: limit)
      #expect(reader.isAtEnd)
      return copy
    }
  }

  private func written(_ sessions: Sessions) -> [UInt8] {
    var out = ByteBuffer()
    sessions.write(into: &out)
    return Array(out.bytes)
  }

  @Test("A command that is sent again happens once, and is answered the same")
  func once() {
    var sessions = Sessions()
    var times = 0
    func run(_ id: CommandID) -> Outcome {
      sessions.once(id) {
        times += 1
        return .done([UInt8(times)])
      }
    }
    #expect(run(id(1, 1)) == .done([1]))
    #expect(run(id(1, 1)) == .done([1]))
    #expect(run(id(1, 3)) == .done([2]))
    #expect(run(id(1, 2)) == .done([3]))
    #expect(run(id(2, 1)) == .done([4]))
    #expect(run(id(1, 2)) == .done([3]))
    #expect(run(id(1, 3)) == .done([2]))
    #expect(times == 4)
  }

  @Test("What was acknowledged is forgotten, and never done again")
  func acknowledged() {
    var sessions = Sessions()
    for number in 1...5 as ClosedRange<UInt64> {
      #expect(sessions.once(id(1, number, number - 1)) { .done([]) } == .done([]))
    }
    let again = sessions.once(id(1, 3)) {
      Issue.record("it is done again")
      return .done([])
    }
    #expect(isRefused(again, "command 3 was acknowledged before"))
    #expect(sessions.once(id(1, 5)) { .done([9]) } == .done([]))
  }

  @Test("A session has a limit of answers that nobody acknowledged")
  func perSession() {
    var sessions = Sessions()
    let most = UInt64(Limits.sessionCommands)
    for number in 1...most { _ = sessions.once(id(1, number)) { .done([]) } }
    #expect(isRefused(sessions.once(id(1, most + 1)) { .done([]) }, "did not acknowledge"))
    #expect(sessions.once(id(1, most + 2, 1)) { .done([7]) } == .done([7]))
  }

  @Test("The session that was silent for longest goes first, and is told so when it comes back")
  func eviction() {
    var sessions = Sessions(limit: 3)
    for session in 1...3 as ClosedRange<UInt64> { _ = sessions.once(id(session, 1)) { .done([]) } }
    _ = sessions.once(id(1, 2, 1)) { .done([]) }
    _ = sessions.once(id(4, 1)) { .done([]) }
    #expect(sessions.count == 3)
    #expect(isRefused(sessions.once(id(2, 2, 1)) { .done([]) }, "the session is over"))
    #expect(sessions.once(id(1, 3, 2)) { .done([5]) } == .done([5]))
    #expect(sessions.once(id(3, 2, 1)) { .done([6]) } == .done([6]))
  }

  @Test("Sessions that are used often do not grow what is kept of their uses")
  func manyUses() throws {
    var sessions = Sessions(limit: 4)
    for use in 0..<2000 as Range<UInt64> {
      _ = sessions.once(id(use % 4, use / 4 + 1, use / 4)) { .done([]) }
    }
    #expect(sessions.count == 4)
    #expect(written(sessions).count < 200)
  }

  @Test("Sessions that were written are the same when they are read, and forget the same later")
  func restore() throws {
    for seed in 1...20 {
      var random = RandomSource(seed)
      var sessions = Sessions(limit: 5)
      var numbers: [UInt64: UInt64] = [:]
      func answer(_ sessions: inout Sessions, _ session: UInt64, _ number: UInt64) -> Outcome {
        sessions.once(id(session, number, number > 3 ? number - 3 : 0)) { .done([UInt8(number)]) }
      }
      for _ in 0..<60 {
        let session = UInt64(random.number(1...9))
        numbers[session, default: 0] += 1
        _ = answer(&sessions, session, numbers[session] ?? 1)
      }
      var copy = try copy(sessions, limit: 5)
      #expect(written(copy) == written(sessions))
      for use in 0..<60 {
        let isNew = random.number(0...2) == 0
        let session = isNew ? UInt64(100 + use) : UInt64(random.number(1...9))
        if random.number(0...3) > 0 { numbers[session, default: 0] += 1 }
        let number = numbers[session] ?? 1
        #expect(answer(&copy, session, number) == answer(&sessions, session, number))
      }
      #expect(written(copy) == written(sessions), "seed \(seed)")
    }
  }

  @Test("Sessions that were cut off are refused")
  func damaged() {
    var sessions = Sessions()
    for number in 1...3 as ClosedRange<UInt64> { _ = sessions.once(id(1, number)) { .done([1]) } }
    let bytes = written(sessions)
    for count in 0..<bytes.count {
      #expect(throws: ByteReader.Damaged.self) {
        try Array(bytes[..<count]).withBytes { bytes in
          var reader = ByteReader(bytes)
          _ = try Sessions(reading: &reader)
        }
      }
    }
  }
}
