// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing
import Vocabulary

/// What crosses the executor border, as bytes that may be cut off or damaged.
@Suite struct ExecutorCodecTests {
  private func encoded(_ order: ExecutorOrder) -> [UInt8] {
    var bytes = ByteBuffer()
    bytes.append(order)
    return Array(bytes.bytes)
  }

  private func encoded(_ word: ExecutorWord) -> [UInt8] {
    var bytes = ByteBuffer()
    bytes.append(word)
    return Array(bytes.bytes)
  }

  private func order(_ bytes: [UInt8]) throws(ByteReader.Damaged) -> ExecutorOrder {
    try decoded(bytes) { reader throws(ByteReader.Damaged) in try reader.executorOrder() }
  }

  private func word(_ bytes: [UInt8]) throws(ByteReader.Damaged) -> ExecutorWord {
    try decoded(bytes) { reader throws(ByteReader.Damaged) in try reader.executorWord() }
  }

  private func decoded<T>(
    _ bytes: [UInt8], _ read: (inout ByteReader) throws(ByteReader.Damaged) -> T
  ) throws(ByteReader.Damaged) -> T {
    let result: Result<T, ByteReader.Damaged> = bytes.withBytes { all in
      var reader = ByteReader(all)
      do throws(ByteReader.Damaged) {
        let value = try read(&reader)
        return reader.isAtEnd ? .success(value) : .failure(ByteReader.Damaged())
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private func damaged(_ bytes: [UInt8], _ random: inout RandomSource) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<random.number(1...3) {
      bytes[random.number(0...(bytes.count - 1))] = UInt8(random.number(0...255))
    }
    return bytes
  }

  @Test(arguments: 0..<200) func `Orders come through, whole or not at all`(seed: Int) throws {
    var random = RandomSource(seed)
    let sent = random.order()
    let bytes = encoded(sent)
    #expect(try order(bytes) == sent)
    for count in 0..<bytes.count {
      #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count) of \(bytes.count)") {
        _ = try order(Array(bytes[..<count]))
      }
    }
    for _ in 0..<50 {
      // Another order, or none: both can be written again.
      if let other = try? order(damaged(bytes, &random)) {
        #expect(try order(encoded(other)) == other)
      }
    }
  }

  @Test(arguments: 0..<200) func `Words come through, whole or not at all`(seed: Int) throws {
    var random = RandomSource(seed)
    let sent = random.word()
    let bytes = encoded(sent)
    #expect(try word(bytes) == sent)
    for count in 0..<bytes.count {
      #expect(throws: ByteReader.Damaged.self, "seed \(seed), \(count) of \(bytes.count)") {
        _ = try word(Array(bytes[..<count]))
      }
    }
    for _ in 0..<50 {
      if let other = try? word(damaged(bytes, &random)) {
        #expect(try word(encoded(other)) == other)
      }
    }
  }

  @Test(arguments: 0..<50) func `Messages are found in pieces of any size`(seed: Int) throws {
    var random = RandomSource(seed)
    let sent = (0..<random.number(1...40)).map { _ in random.word() }
    var stream = ByteBuffer()
    for word in sent { stream.append(message: { $0.append(word) }) }
    let bytes = Array(stream.bytes)
    var cutter = MessageCutter()
    var found: [ExecutorWord] = []
    var start = 0
    while start < bytes.count {
      let end = min(bytes.count, start + random.number(1...200))
      Array(bytes[start..<end]).withBytes { cutter.append($0) }
      start = end
      while let word = try cutter.next({ reader throws(ByteReader.Damaged) in
        try reader.executorWord()
      }) {
        found.append(word)
      }
    }
    #expect(found == sent)
  }

  @Test func `A message that is too long, or longer than its word, is refused`() {
    for bytes: [UInt8] in [[0, 0, 0, 0x7F], [3, 0, 0, 0, 0, 1, 9]] {
      var cutter = MessageCutter()
      bytes.withBytes { cutter.append($0) }
      #expect(throws: ByteReader.Damaged.self) {
        _ = try cutter.next { reader throws(ByteReader.Damaged) in try reader.executorWord() }
      }
    }
  }
}

extension RandomSource {
  fileprivate mutating func list<T>(_ make: (inout RandomSource) -> T) -> [T] {
    (0..<number(0...4)).map { _ in make(&self) }
  }

  fileprivate mutating func text() -> String {
    String(decoding: bytes(number(0...12), of: [0x20, 0x2F, 0x61, 0x7A]), as: UTF8.self)
  }

  private mutating func small() -> Int { number(0...1 << 40) }

  private mutating func range() -> Range<Int> {
    let start = small()
    return start..<start + small()
  }

  private mutating func file() -> InputFile {
    let cuts: [Cuts] = [.anywhere, .every(number(1...9)), .at([]), .at([3, 4, small() + 5])]
    return InputFile(
      path: text(), size: small(), isStream: number(0...1) == 0, cuts: cuts[number(0...3)])
  }

  private mutating func job() -> JobSpec {
    guard let code = CodeDigest(bytes(CodeDigest.byteCount)) else { fatalError("32 bytes") }
    return JobSpec(
      code: code, name: text(), arguments: list { $0.text() }, directory: text(),
      tableSeed: next())
  }

  private mutating func lent() -> LentBlock {
    LentBlock(id: next(), offset: small(), count: small(), records: small())
  }

  private mutating func input() -> OrderedInput {
    switch number(0...2) {
    case 0: .files(list { FileRange(file: $0.file(), range: $0.range()) })
    case 1: .values(range())
    default: .records(list { $0.lent() }, skip: small(), count: small())
    }
  }

  private mutating func keys() -> [[UInt8]] { list { $0.bytes($0.number(0...9)) } }

  fileprivate mutating func order() -> ExecutorOrder {
    let stage = StageID(number(0...300))
    let branch = BranchID(stage, number(0...5))
    let step = StepID(next())
    let work: TaskOrder.Work
    switch number(0...9) {
    case 8: work = .align(step, partition: small(), stage, list { $0.list { $0.lent() } })
    case 9: return .hold(bytes: small(), scratch: text())
    case 7: return .broadcast(step, list { $0.list { $0.lent() } })
    case 0: return .forget(step)
    case 1: return .free(list { $0.next() })
    case 2: work = .plan
    case 3: work = .list(branch)
    case 4: work = .sample(branch, input())
    case 5: work = .map(branch, input(), samples: keys())
    default:
      let isLast = number(0...1) == 1
      work = .fold(step, partition: small(), stage, list { $0.lent() }, isLast: isLast)
    }
    return .task(
      TaskOrder(
        number: next(), job: job(), fingerprint: number(0...1) == 0 ? nil : next(),
        broadcasts: list {
          BroadcastInput(
            stage: StageID($0.number(0...9)), step: StepID($0.next()), partitions: $0.small())
        }, work: work))
  }

  private mutating func failure() -> JobFailure {
    var failure = JobFailure(
      exitCode: Int32(truncatingIfNeeded: next()), code: text(), message: text())
    if number(0...1) == 0 { failure.location = text() }
    if number(0...1) == 0 { failure.record = text() }
    if number(0...1) == 0 { failure.advice = text() }
    failure.trace = list { $0.text() }
    return failure
  }

  private mutating func round(before stage: Int) -> RoundDescription {
    RoundDescription(
      number: number(1...9), count: number(1...9), after: (0..<stage).map { StageID($0) },
      settles: number(0...1) == 0, mustSettle: number(0...1) == 0)
  }

  private mutating func resultInput() -> ResultInput {
    let selectors: [VersionSelector] = [.latest, .version(next()), .asOf(next())]
    let elements: [ResultInput.Elements] = [
      .pairs(key: .string, value: .double), .keys(.bytes), .values(.tagged),
      .keysOrValues(.array(.bool)),
    ]
    return ResultInput(
      name: text(), asOf: selectors[number(0...2)], elements: elements[number(0...3)])
  }

  private mutating func plan() -> PlanDescription {
    let location = CodeLocation(fileID: "Jobs/\(text())", line: number(0...9999))
    let count = number(1...3)
    let stages = (0..<count).map { index in
      let branches = (0...number(0...2)).map { _ in
        let earlier: InputDescription =
          index > 0 ? .stage(StageID(number(0...(index - 1)))) : .result(resultInput())
        let input = number(0...1) == 0 ? earlier : .lines(list { $0.text() })
        return BranchDescription(input, list { OperatorDescription($0.text(), location) })
      }
      return StageDescription(
        id: StageID(index), branches: branches,
        operators: list { OperatorDescription($0.text(), location) },
        broadcasts: (0..<index).filter { _ in number(0...1) == 0 }.map { StageID($0) },
        shuffle: text(),
        combines: number(0...1) == 0,
        schema: ResultSchema(key: .bytes, value: .optional(.string), shape: .pairs, order: .key),
        round: number(0...1) == 0 ? nil : round(before: index))
    }
    return PlanDescription(
      job: text(), stages: stages,
      outputs: [
        OutputDescription(name: text(), stage: StageID(number(0...(count - 1))), location: location)
      ], counters: list { $0.text() })
  }

  private mutating func splitTally() -> SplitTally {
    var tally = SplitTally()
    tally.recordsRead = small()
    tally.bytesRead = small()
    tally.recordsShuffled = small()
    tally.bytesShuffled = small()
    tally.counters = list { Int(truncatingIfNeeded: $0.next()) }
    return tally
  }

  private mutating func runTally() -> RunTally {
    var tally = RunTally()
    tally.records = small()
    tally.bytes = small()
    tally.digest = next()
    tally.counters = list { Int(truncatingIfNeeded: $0.next()) }
    return tally
  }

  fileprivate mutating func word() -> ExecutorWord {
    let report: ExecutorReport
    switch number(0...10) {
    case 0: return .hello(version: next())
    case 1: return .returned(list { $0.next() })
    case 2:
      report = .planned(
        plan(),
        files: list {
          BranchFiles(
            BranchID(StageID($0.number(0...9)), $0.number(0...3)), $0.list { $0.file() })
        })
    case 3: report = .listed(list { $0.file() })
    case 4: report = .sampled(keys())
    case 5: report = .block(partition: small(), lent())
    case 6: report = .mapped(splitTally())
    case 7: report = .folded
    case 8: report = .runBlock(lent())
    case 9: report = .finished(runTally())
    default: report = .failed(failure())
    }
    return .report(number: next(), report)
  }
}
