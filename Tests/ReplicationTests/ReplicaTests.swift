// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@Suite struct ReplicaTests {
  private static func version(_ sequence: Int) -> Version {
    Version(view: 3, sequence: UInt64(sequence))
  }

  private static func submissions(_ seed: Int, _ count: Int) -> [[UInt8]] {
    var random = RandomSource(seed)
    return (0..<count).map { index in
      if random.number(0...4) == 0 { return Submitted.get("n\(random.number(0...3))") }
      return Submitted.set(
        "n\(random.number(0...3))", "v\(index)", session: UInt64(random.number(1...3)),
        number: UInt64(random.number(1...20)))
    }
  }

  @Test("Replicas of the same order have the same digest, others have another")
  func digests() {
    let submissions = Self.submissions(1, 40)
    var one = Replica<Catalogue>()
    var other = Replica<Catalogue>()
    for (index, bytes) in submissions.enumerated() {
      let version = Self.version(index)
      let outcome = bytes.withBytes { one.deliver($0, at: version) }
      #expect(one.digest != other.digest)
      #expect(bytes.withBytes { other.deliver($0, at: version) } == outcome)
      #expect(one.digest == other.digest)
    }
    #expect(one.applied == 40 && one.version == Self.version(39))
  }

  @Test("A command that is delivered twice happens once")
  func twice() {
    var replica = Replica<Catalogue>()
    let bytes = Submitted.set("a", "1", session: 1, number: 1)
    let first = bytes.withBytes { replica.deliver($0, at: Self.version(0)) }
    let second = bytes.withBytes { replica.deliver($0, at: Self.version(1)) }
    #expect(first == second)
    #expect(replica.machine.revision == 1)
    #expect(replica.applied == 2)
  }

  @Test("What is no submission is refused by all alike, and has its place in the order")
  func refused() {
    var replica = Replica<Catalogue>()
    let outcome = [77].withBytes { replica.deliver($0, at: Self.version(4)) }
    #expect(outcome == .refused("what was submitted is neither a command nor a question"))
    #expect(replica.version == Self.version(4))
    let unnamed = Submitted.set("", "v", session: 1, number: 1)
    let second = unnamed.withBytes { replica.deliver($0, at: Self.version(5)) }
    guard case .refused(let reason) = second else {
      Issue.record("it is \(second)")
      return
    }
    #expect(reason.contains("a name has 1 to"))
  }

  @Test("A state that goes over in random pieces goes on the same")
  func transfer() throws {
    for seed in 1...20 {
      var random = RandomSource(seed)
      let submissions = Self.submissions(seed, 60)
      var donor = Replica<Catalogue>()
      let half = random.number(0...50)
      for (index, bytes) in submissions[..<half].enumerated() {
        _ = bytes.withBytes { donor.deliver($0, at: Self.version(index)) }
      }
      var out = ByteBuffer()
      donor.write(into: &out)
      var sender = StateSender(out.bytes)
      var receiver = StateReceiver()
      var state: [UInt8]?
      while !sender.isDone {
        #expect(state == nil, "it is whole with its last piece")
        var piece: [UInt8] = []
        sender.take(sender.next(random.number(1...90))) { piece = Array($0) }
        state = try piece.withBytes { try receiver.take($0) }
      }
      var joiner = try #require(state).withBytes { try Replica<Catalogue>(reading: $0) }
      #expect(joiner.digest == donor.digest)
      #expect(joiner.version == donor.version && joiner.applied == donor.applied)
      for (index, bytes) in submissions[half...].enumerated() {
        let version = Self.version(half + index)
        let outcome = bytes.withBytes { donor.deliver($0, at: version) }
        #expect(bytes.withBytes { joiner.deliver($0, at: version) } == outcome)
      }
      #expect(joiner.digest == donor.digest)
    }
  }

  @Test("More bytes of a state than were announced are refused")
  func tooMuch() throws {
    var receiver = StateReceiver()
    let whole = try [2, 0, 0, 0, 0, 0, 0, 0, 7].withBytes { try receiver.take($0) }
    #expect(whole == nil)
    #expect(throws: ByteReader.Damaged.self) { try [8, 9].withBytes { try receiver.take($0) } }
  }

  @Test("A replica that was cut off is refused")
  func cutOff() {
    var replica = Replica<Catalogue>()
    for (index, bytes) in Self.submissions(3, 10).enumerated() {
      _ = bytes.withBytes { replica.deliver($0, at: Self.version(index)) }
    }
    var out = ByteBuffer()
    replica.write(into: &out)
    let bytes = Array(out.bytes)
    for count in 0..<bytes.count {
      #expect(throws: ByteReader.Damaged.self) {
        try Array(bytes[..<count]).withBytes { try Replica<Catalogue>(reading: $0) }
      }
    }
    #expect(throws: ByteReader.Damaged.self) {
      try (bytes + [0]).withBytes { try Replica<Catalogue>(reading: $0) }
    }
  }
}

@Suite struct SubmissionTests {
  @Test("Submissions are read as they were written")
  func submissions() throws {
    for seed in 1...100 {
      var random = RandomSource(seed)
      let content = random.bytes(random.number(0...40))
      let acknowledged = random.next() >> UInt64(random.number(1...63))
      let id = CommandID(
        session: NodeID(high: random.next(), low: random.next()), number: acknowledged + 1,
        acknowledged: acknowledged)
      var out = ByteBuffer()
      content.withBytes { Submission.command(id, $0).write(into: &out) }
      #expect(out.count <= Submission.headerBytesMaximum + content.count)
      try Array(out.bytes).withBytes { bytes in
        guard case .command(let read, let rest) = try Submission.read(bytes) else {
          Issue.record("seed \(seed): not a command")
          return
        }
        #expect(read == id && Array(rest) == content)
      }
    }
  }

  @Test("A command that acknowledges itself is refused")
  func selfAcknowledged() {
    let bytes = Submitted.set("a", "b", session: 1, number: 4, acknowledged: 4)
    #expect(throws: ByteReader.Damaged.self) {
      try bytes.withBytes { _ = try Submission.read($0) }
    }
  }

  @Test("What is cut off or of no kind is refused")
  func damaged() {
    for count in 0..<19 {
      let bytes = Array(Submitted.set("a", "b", session: 1, number: 4)[..<count])
      #expect(throws: ByteReader.Damaged.self) {
        try bytes.withBytes { _ = try Submission.read($0) }
      }
    }
    for kind in [0, 3, 255] as [UInt8] {
      #expect(throws: ByteReader.Damaged.self) {
        try [kind, 1, 2].withBytes { _ = try Submission.read($0) }
      }
      #expect(throws: ByteReader.Damaged.self) {
        try [kind | 3, 1].withBytes { try Outcome.read($0) }
      }
    }
  }

  @Test(
    "Outcomes are read as they were written",
    arguments: [.done([]), .done([0, 1, 255]), .refused("nein, ö"), .refused(""), .waits]
      as [Outcome])
  func outcomes(_ outcome: Outcome) throws {
    var out = ByteBuffer()
    outcome.write(into: &out)
    #expect(try Array(out.bytes).withBytes { try Outcome.read($0) } == outcome)
  }
}
