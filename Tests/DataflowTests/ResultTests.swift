// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct ResultTests {
  private func found(
    _ cluster: Coordinated, _ name: String, _ selector: VersionSelector
  ) throws -> UInt64? {
    guard case .versions(let versions)? = try cluster.ask(.find(name: name, selector)) else {
      return nil
    }
    return versions.count == 1 ? versions[0].version : nil
  }

  private func log(_ cluster: Coordinated, _ name: String) throws -> [UInt64] {
    try cluster.state.results.log(name).map(\.version)
  }

  @Test("Versions are counted for each name, and are found by number and as of an instant")
  func find() throws {
    var cluster = Coordinated()
    try cluster.commit("a", step: 1, clock: 1000)
    try cluster.commit("b", step: 2, clock: 2000)
    try cluster.commit("a", step: 3, clock: 3000)
    #expect(try log(cluster, "a") == [2, 1])
    #expect(try log(cluster, "b") == [1])
    #expect(try found(cluster, "a", .latest) == 2)
    #expect(try found(cluster, "a", .version(1)) == 1)
    #expect(try found(cluster, "a", .asOf(2999)) == 1)
    #expect(try found(cluster, "a", .asOf(3000)) == 2)
    #expect(try found(cluster, "a", .asOf(.max)) == 2)
    for (name, selector) in [
      ("a", VersionSelector.version(3)), ("a", .version(0)), ("a", .asOf(999)), ("c", .latest),
    ] {
      #expect(throws: Refusal.self, "\(name) \(selector)") {
        try cluster.ask(.find(name: name, selector))
      }
    }
    #expect(throws: Refusal("a did not exist at that instant: there are versions 1 to 2")) {
      try cluster.ask(.find(name: "a", .asOf(999)))
    }
  }

  @Test("Instants of versions follow each other, whatever clocks show")
  func instants() throws {
    var cluster = Coordinated()
    for (step, clock) in [3000, 1000, 3000, 2].enumerated() {
      try cluster.commit("a", step: UInt64(step + 1), clock: UInt64(clock))
    }
    let instants = try cluster.state.results.log("a").map(\.instant)
    #expect(instants.count == 4)
    #expect(zip(instants, instants.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test("Retention keeps the newest versions by number and by bytes, and always the newest")
  func retention() throws {
    var cluster = Coordinated()
    for step in 1...4 {
      try cluster.commit("a", step: UInt64(step), retention: Retention(versions: 3))
    }
    #expect(try log(cluster, "a") == [4, 3, 2])
    #expect(cluster.state.liveSteps.map(\.step.number) == [2, 3, 4])
    try cluster.commit("a", step: 5, bytes: 15, retention: Retention(versions: 9, bytes: 35))
    #expect(try log(cluster, "a") == [5, 4, 3])
    try cluster.commit("a", step: 6, bytes: 1000, retention: Retention(versions: 9, bytes: 35))
    #expect(try log(cluster, "a") == [6])
    try cluster.commit("a", step: 7, retention: Retention(versions: 0, bytes: 0))
    #expect(try log(cluster, "a") == [7])
    #expect(throws: Refusal("version 6 of a has expired: there is version 7")) {
      try cluster.ask(.find(name: "a", .version(6)))
    }
    #expect(throws: Refusal("a is not kept as of that instant: there is version 7")) {
      try cluster.ask(.find(name: "a", .asOf(1)))
    }
  }

  @Test("Names are listed by a prefix, in the order of their bytes")
  func list() throws {
    var cluster = Coordinated()
    for (step, name) in ["b", "ab", "a", "ä", "aa"].enumerated() {
      try cluster.commit(name, step: UInt64(step + 1))
    }
    #expect(cluster.state.results.list("").map(\.name) == ["a", "aa", "ab", "b", "ä"])
    #expect(cluster.state.results.list("a").map(\.name) == ["a", "aa", "ab"])
    #expect(cluster.state.results.list("c").isEmpty)
  }

  /// A state with jobs in all phases and versions that are lost.
  private func state(_ seed: Int) throws -> Coordinated {
    var random = RandomSource(seed)
    var cluster = Coordinated()
    for step in 1...random.number(2...9) {
      try cluster.commit(
        ["a", "b", "c"][random.number(0...2)], step: UInt64(step), bytes: random.number(0...300),
        clock: UInt64(random.number(1...5000)))
    }
    let failed = try cluster.submit()
    try cluster.apply(.fail(failed, attempt: 1, Samples.failure(), clock: 300))
    try cluster.apply(.cancel(try cluster.submit(), clock: 400))
    let running = try cluster.submit()
    try cluster.apply(.begin(running, attempt: 1, Coordinated.plan(stages: 2), clock: 500))
    try cluster.stage(running, 0, step: 50)
    let reading = try cluster.submit()
    let read = ResultInput(name: "a", elements: .pairs(key: .bytes, value: .double))
    try cluster.apply(.begin(reading, attempt: 1, Coordinated.plan(reads: [read]), clock: 500))
    _ = try cluster.submit()
    try cluster.apply(.lost([ShardRuns(step: StepID(1), shard: 0)], clock: 600))
    return cluster
  }

  @Test("What coordinators know is read as it was written, and not when cut off")
  func coding() throws {
    for seed in 1...20 {
      let state = try state(seed).state
      let bytes = Samples.bytes { state.write(into: &$0) }
      let read = try bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        let read = try Coordination(reading: &reader)
        #expect(reader.isAtEnd)
        return read
      }
      #expect(read == state, "seed \(seed)")
      for count in bytes.indices {
        #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count)") {
          try Array(bytes[..<count]).withBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try Coordination(reading: &reader)
          }
        }
      }
    }
  }

  @Test("Damaged bytes of what coordinators know never trap, nor what is asked of them")
  func damage() throws {
    var refused = 0
    for seed in 1...1500 {
      var random = RandomSource(seed)
      let state = try state(seed % 10 + 1).state
      let bytes = random.damaged(Samples.bytes { state.write(into: &$0) })
      let read = try? bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        return try Coordination(reading: &reader)
      }
      guard let read else {
        refused += 1
        continue
      }
      _ = read.liveSteps
      for id: UInt64 in 1...15 { _ = read.jobs[JobID(id)]?.phase }
      for name in ["a", "b", "c"] { _ = try? read.results.find(name, .asOf(2000)) }
      let again = Samples.bytes { read.write(into: &$0) }
      #expect(!again.isEmpty)
    }
    #expect((200...1450).contains(refused), "\(refused) were refused")
  }

  @Test("Commands and questions that are damaged are refused, and change nothing")
  func damagedCommands() {
    var refused = 0
    for seed in 1...1000 {
      var messages = RandomMessages(seed)
      let command = messages.command(seed % 2)
      let bytes = messages.random.damaged(Samples.bytes { command.write(into: &$0) })
      var state = Coordination()
      do {
        _ = try bytes.withBytes { try state.apply($0, at: Version(view: 1, sequence: 1)) }
      } catch {
        refused += 1
        #expect(state == Coordination(), "seed \(seed)")
      }
      let question = messages.question(seed % RandomMessages.questionKinds)
      let asked = messages.random.damaged(Samples.bytes { question.write(into: &$0) })
      _ = try? asked.withBytes { try state.answer($0) }
    }
    #expect(refused > 500, "\(refused) were refused")
  }
}
