// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@testable import Dataflow

/// What nodes write to each other, as bytes that may be cut off or damaged.
@Suite struct CodingTests {
  /// Writes messages of all kinds, and reads them: as they are, cut off, with more behind them, and
  /// damaged. What damage leaves readable is written as it was read.
  private func check<Message: Equatable>(
    _ kinds: Int, isWhole: Bool = true, _ make: (inout RandomMessages, Int) -> Message,
    _ write: (Message) -> [UInt8], _ read: (Bytes) throws -> Message
  ) {
    var refused = 0
    for seed in 1...(60 * kinds) {
      var messages = RandomMessages(seed)
      let message = make(&messages, seed % kinds)
      let bytes = write(message)
      #expect((try? bytes.withBytes { try read($0) }) == message, "seed \(seed)")
      for count in bytes.indices {
        let part = try? Array(bytes[..<count]).withBytes { try read($0) }
        #expect(part == nil, "seed \(seed), \(count) of \(bytes.count) bytes")
      }
      if isWhole {
        #expect((try? (bytes + [0]).withBytes { try read($0) }) == nil, "seed \(seed)")
      }
      for _ in 0..<20 {
        let damaged = messages.random.damaged(bytes)
        guard let other = try? damaged.withBytes({ try read($0) }) else {
          refused += 1
          continue
        }
        let again = write(other)
        #expect((try? again.withBytes { try read($0) }) == other, "seed \(seed)")
      }
    }
    #expect(refused > 60 * kinds, "\(refused) were refused")
  }

  @Test("Messages to all members are read as they were written, and damage never traps")
  func control() {
    check(
      RandomMessages.controlKinds, { $0.control($1) }, { $0.encoded },
      { try ControlMessage.read($0) })
  }

  @Test("A message names every kind")
  func kinds() {
    var messages = RandomMessages(1)
    let kinds = (0..<RandomMessages.controlKinds).map { messages.control($0).encoded[0] }
    #expect(kinds.sorted() == (1...18).map { UInt8($0) })
    for kind in [0, 15, 255] as [UInt8] {
      #expect(throws: ByteReader.Damaged.self) {
        try [kind, 0, 0].withBytes { _ = try ControlMessage.read($0) }
      }
    }
  }

  @Test("Commands about jobs are read as they were written, and damage never traps")
  func commands() {
    check(
      RandomMessages.commandKinds, { $0.command($1) },
      { command in Samples.bytes { command.write(into: &$0) } }, { try JobCommand.read($0) })
  }

  @Test("Questions about jobs are read as they were written, and damage never traps")
  func questions() {
    check(
      RandomMessages.questionKinds, { $0.question($1) },
      { question in Samples.bytes { question.write(into: &$0) } }, { try JobQuestion.read($0) })
  }

  @Test("A question for more jobs than are told at a time is one for as many")
  func limit() throws {
    let question = JobQuestion.jobs(phases: [], before: nil, limit: 5000)
    let bytes = Samples.bytes { question.write(into: &$0) }
    let read = try bytes.withBytes { try JobQuestion.read($0) }
    #expect(read == .jobs(phases: [], before: nil, limit: JobQuestion.limitMaximum))
  }

  @Test("Answers about jobs are read as they were written, and damage never traps")
  func answers() {
    check(
      RandomMessages.answerKinds, isWhole: false, { $0.answer($1) }, { $0.encoded },
      { try JobAnswer.read($0) })
  }

  @Test("Parcels are read one behind the other, with their bytes")
  func parcels() throws {
    for seed in 1...200 {
      var messages = RandomMessages(seed)
      let parcels = (0..<4).map { place in
        let block = messages.flag() ? Samples.block("bytes \(place)") : nil
        return ShardParcel(messages.entry((seed + place) % RandomMessages.entryKinds), block)
      }
      var bytes: [UInt8] = []
      for parcel in parcels {
        bytes += parcel.header
        if let block = parcel.block { bytes += Array(block.bytes) }
      }
      #expect(bytes.count == parcels.reduce(0) { $0 + $1.byteCount })
      try bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        for parcel in parcels {
          let (entry, content) = try #require(try ShardParcel.next(&reader))
          #expect(entry == parcel.entry, "seed \(seed)")
          let expected = parcel.block.map { Array($0.bytes) } ?? []
          #expect(Array(content) == expected, "seed \(seed)")
        }
        let isOver = try ShardParcel.next(&reader) == nil
        #expect(isOver, "seed \(seed)")
      }
    }
  }

  @Test("Parcels that are cut off or damaged are refused or are others, and never trap")
  func damagedParcels() {
    var refused = 0
    for seed in 1...1000 {
      var messages = RandomMessages(seed)
      let parcel = ShardParcel(
        messages.entry(seed % RandomMessages.entryKinds), Samples.block("some bytes"))
      let bytes = parcel.header + Array("some bytes".utf8)
      for count in 1..<bytes.count {
        #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count)") {
          try Array(bytes[..<count]).withBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try ShardParcel.next(&reader)
          }
        }
      }
      do {
        try messages.random.damaged(bytes).withBytes { bytes in
          var reader = ByteReader(bytes)
          while try ShardParcel.next(&reader) != nil {}
        }
      } catch {
        refused += 1
      }
    }
    #expect((200...990).contains(refused), "\(refused) were refused")
  }
}
