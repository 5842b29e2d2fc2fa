// SPDX-License-Identifier: Apache-2.0
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

/// What clients and replicas write to each other, as bytes that may be cut off or damaged.
@Suite struct CodecTests {
  private func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
    var out = ByteBuffer()
    write(&out)
    return Array(out.bytes)
  }

  private func readSubmission(_ bytes: [UInt8]) -> [UInt8]? {
    bytes.withBytes { bytes in
      guard let submission = try? Submission.read(bytes) else { return nil }
      return written { submission.write(into: &$0) }
    }
  }

  private func readOutcome(_ bytes: [UInt8]) -> Outcome? {
    bytes.withBytes { try? Outcome.read($0) }
  }

  private func readAnswer(_ bytes: [UInt8]) -> CatalogueAnswer? {
    bytes.withBytes { try? CatalogueAnswer.read($0) }
  }

  @Test("Commands and questions of the catalogue are read as they were written, and only whole")
  func commands() throws {
    for seed in 1...200 {
      var messages = RandomMessages(seed)
      let command = messages.command()
      let bytes = written { command.write(into: &$0) }
      let readCommand = try bytes.withBytes { try CatalogueCommand.read($0) }
      #expect(readCommand == command, "seed \(seed)")

      let question = messages.question()
      let asked = written { question.write(into: &$0) }
      let readQuestion = try asked.withBytes { try CatalogueQuestion.read($0) }
      #expect(readQuestion == question, "seed \(seed)")
      for count in asked.indices {
        #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count) of \(asked.count)") {
          try Array(asked[..<count]).withBytes { _ = try CatalogueQuestion.read($0) }
        }
      }
      #expect(throws: ByteReader.Damaged.self, "seed \(seed)") {
        try (asked + [0]).withBytes { _ = try CatalogueQuestion.read($0) }
      }
    }
  }

  @Test("A deletion is read only whole")
  func deletions() {
    let bytes = written { CatalogueCommand.delete(name: "abc", expected: 300).write(into: &$0) }
    for part in bytes.indices.map({ Array(bytes[..<$0]) }) + [bytes + [0]] {
      #expect(throws: ByteReader.Damaged.self, "\(part)") {
        try part.withBytes { _ = try CatalogueCommand.read($0) }
      }
    }
  }

  @Test("Answers of the catalogue are read as they were written, and not when cut off")
  func answers() {
    for seed in 1...200 {
      var messages = RandomMessages(seed)
      let answer = messages.answer()
      let bytes = answer.encoded
      #expect(readAnswer(bytes) == answer, "seed \(seed)")
      for count in bytes.indices {
        #expect(readAnswer(Array(bytes[..<count])) == nil, "seed \(seed), \(count)")
      }
    }
  }

  @Test("Damaged answers are refused, or are other ones that can be written")
  func damagedAnswers() {
    var refused = 0
    for seed in 1...3000 {
      var messages = RandomMessages(seed)
      let bytes = messages.answer().encoded
      guard let answer = readAnswer(messages.random.damaged(bytes)) else {
        refused += 1
        continue
      }
      #expect(readAnswer(answer.encoded) == answer, "seed \(seed)")
    }
    #expect((300...2900).contains(refused))
  }

  @Test("Damaged submissions and outcomes are refused, or are other ones that can be written")
  func damagedSubmissions() {
    var refused = 0
    for seed in 1...3000 {
      var random = RandomSource(seed)
      let submission =
        random.number(0...3) == 0
        ? Submitted.get("n")
        : Submitted.set(
          "n", "v", session: random.next(), number: random.next() | 1 << 62,
          acknowledged: random.next() >> 2)
      let bytes = random.damaged(submission)
      if let again = readSubmission(bytes) {
        #expect(readSubmission(again) == again, "seed \(seed)")
      } else {
        refused += 1
      }
      let outcomes: [Outcome] = [.done(random.bytes(4)), .refused("why ö"), .waits]
      let outcome = outcomes[random.number(0...2)]
      let damagedOutcome = random.damaged(written { outcome.write(into: &$0) })
      guard let read = readOutcome(damagedOutcome) else { continue }
      #expect(readOutcome(written { read.write(into: &$0) }) == read, "seed \(seed)")
    }
    #expect((30...2900).contains(refused))
  }

  @Test("Damaged replicas are refused, or are other ones that can be written")
  func damagedReplicas() {
    var refused = 0
    for seed in 1...600 {
      var random = RandomSource(seed)
      var replica = Replica<Catalogue>()
      for index in 0..<random.number(1...6) as Range<Int> {
        let bytes = Submitted.set(
          "n\(random.number(0...3))", "v", session: UInt64(random.number(1...3)),
          number: UInt64(index) + 1)
        let version = Version(view: 1, sequence: UInt64(index))
        _ = bytes.withBytes { replica.deliver($0, at: version) }
      }
      let bytes = random.damaged(written { replica.write(into: &$0) })
      guard let read = try? bytes.withBytes({ try Replica<Catalogue>(reading: $0) }) else {
        refused += 1
        continue
      }
      let again = try? written { read.write(into: &$0) }
        .withBytes { try Replica<Catalogue>(reading: $0) }
      #expect(again?.digest == read.digest, "seed \(seed)")
    }
    #expect((60...590).contains(refused))
  }

  @Test("No revision that can be expected is taken for no expectation")
  func largestExpectation() throws {
    for expected in [.max, .max - 1, 1 << 63, 2] as [UInt64] {
      var catalogue = Catalogue()
      try catalogue.set("a", "kept")
      let entry = Entry(name: "a", value: Array("kept".utf8), revision: 1)
      #expect(try catalogue.set("a", "lost", expected: expected) == .differs(entry))
      #expect(try catalogue.delete("a", expected: expected) == .differs(entry))
      #expect(catalogue.revision == 1)
    }
  }
}

/// Messages of the catalogue, drawn from a seed.
private struct RandomMessages {
  var random: RandomSource

  init(_ seed: Int) { random = RandomSource(seed) }

  private mutating func text() -> String {
    String(decoding: random.bytes(random.number(0...9), of: Array("ab/ß0".utf8)), as: UTF8.self)
  }

  private mutating func number() -> UInt64 { random.next() >> UInt64(random.number(1...63)) }

  private mutating func expected() -> UInt64? { random.number(0...1) == 0 ? nil : number() }

  private mutating func entry() -> Entry {
    Entry(name: text(), value: random.bytes(random.number(0...9)), revision: number())
  }

  private mutating func optionalEntry() -> Entry? { random.number(0...2) == 0 ? nil : entry() }

  private mutating func entries() -> [Entry] { (0..<random.number(0...4)).map { _ in entry() } }

  mutating func command() -> CatalogueCommand {
    if random.number(0...1) == 0 { return .delete(name: text(), expected: expected()) }
    return .set(name: text(), value: random.bytes(random.number(0...9)), expected: expected())
  }

  mutating func question() -> CatalogueQuestion {
    switch random.number(0...2) {
    case 0: .get(name: text())
    case 1:
      .list(prefix: text(), after: text(), limit: random.number(0...Catalogue.listMaximum))
    default: .watch(prefix: text(), since: number())
    }
  }

  mutating func answer() -> CatalogueAnswer {
    switch random.number(0...5) {
    case 0: .changed(revision: number())
    case 1: .differs(optionalEntry())
    case 2: .entry(optionalEntry())
    case 3: .entries(entries(), revision: number(), hasMore: random.number(0...1) == 1)
    case 4:
      .changes(
        entries(), deleted: (0..<random.number(0...3)).map { _ in text() }, revision: number())
    default: .forgotten(revision: number())
    }
  }
}
