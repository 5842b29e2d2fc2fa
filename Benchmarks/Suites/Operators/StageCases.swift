// SPDX-License-Identifier: Apache-2.0
import MapReduce
import Memory

/// Operators that keep elements: sorts, results, caches.
extension OperatorInputs {
  var orderCases: [OperatorCase] { sortCases + keepCases }

  private var sortCases: [OperatorCase] {
    let (pairs, numbers) = (pairs, numbers)
    return [
      OperatorCase(
        name: "sorted, numbers", records: records,
        plan: { $0.read(.values(numbers)).sorted().write(.result("r")) },
        read: Answer.keys,
        loop: { answer in for number in numbers.sorted() { answer.add(number) } }),
      OperatorCase(
        name: "sorted, lines", records: records,
        plan: { $0.read(.lines(pairs)).sorted().write(.result("r")) },
        read: Answer.bytes,
        loop: { answer in
          // Places in a copy of the lines, with the first bytes of each.
          var text = ByteBuffer(capacity: 1 << 20)
          var places: [(start: Int, count: Int)] = []
          try eachLine(of: pairs) { line in
            places.append((text.count, line.count))
            text.append(line)
          }
          let bytes = text.bytes
          let sorted = places.map { (line: bytes[$0.start..<($0.start + $0.count)], prefix: 0) }
            .map { (line: $0.line, prefix: unsafe orderPrefix($0.line.base, $0.line.count)) }
            .sorted { $0.prefix != $1.prefix ? $0.prefix < $1.prefix : $0.line < $1.line }
          for one in sorted { answer.add(one.line) }
        }),
      OperatorCase(
        name: "sorted(by:)", records: records,
        plan: { $0.read(.values(numbers)).sorted(by: { -$0 }).write(.result("r")) },
        read: Answer.values,
        loop: { answer in for number in numbers.sorted(by: >) { answer.add(number) } }),
      OperatorCase(
        name: "top", records: records,
        plan: { $0.read(.values(numbers)).top(10).write(.result("r")) },
        read: Answer.values,
        loop: { answer in
          var best: [Int] = []
          for number in numbers {
            if best.count == 10, number <= best[9] { continue }
            let place = best.firstIndex { $0 < number } ?? best.count
            best.insert(number, at: place)
            if best.count > 10 { best.removeLast() }
          }
          for number in best { answer.add(number) }
        }),
    ]
  }

  private var keepCases: [OperatorCase] {
    let pairs = pairs
    return [
      OperatorCase(
        name: "write, lines", records: records,
        plan: { $0.read(.lines(pairs)).write(.result("r")) },
        read: Answer.bytes,
        loop: { answer in
          var text = ByteBuffer(capacity: 1 << 20)
          var ends: [Int] = []
          try eachLine(of: pairs) {
            text.append($0)
            ends.append(text.count)
          }
          var start = 0
          for end in ends {
            answer.add(text.bytes[start..<end])
            start = end
          }
        }),
      OperatorCase(
        name: "write, pairs", records: records,
        plan: { $0.pairs(of: pairs).write(.result("r")) },
        read: Answer.pairs,
        loop: { answer in
          for (key, value) in try sortedPairs(of: pairs) {
            answer.add(key)
            answer.add(value)
          }
        }),
      OperatorCase(
        name: "cached", records: records,
        plan: {
          $0.read(.lines(pairs)).compactMap { $0.pair?.value }.cached()
            .keyed { (0, $0) }.reduce { $0 &+ $1 }.write(.result("r"))
        },
        read: Answer.pairs,
        loop: { answer in
          var kept: [Int] = []
          try eachPair(of: pairs) { kept.append($1) }
          answer.add(0)
          answer.add(kept.reduce(0, &+))
        }),
    ]
  }
}

/// The pairs of a file by key, those of a key in the order of the file.
func sortedPairs(of path: String) throws -> [(key: Int, value: Int)] {
  var pairs: [(key: Int, value: Int)] = []
  try eachPair(of: path) { pairs.append(($0, $1)) }
  // Swift's sort leaves equal ones in their order.
  pairs.sort { $0.key < $1.key }
  return pairs
}

/// What is known of some numbers, as an accumulator.
private struct Spread: Record {
  var count = 0
  var sum = 0
  var most = 0

  static var typeCode: TypeCode { .tuple([.integer(bits: 64, isSigned: true)]) }

  init() {}

  init(from source: inout RecordReader) throws {
    count = try Int(from: &source)
    sum = try Int(from: &source)
    most = try Int(from: &source)
  }

  func encode(into target: inout RecordWriter) {
    count.encode(into: &target)
    sum.encode(into: &target)
    most.encode(into: &target)
  }

  @inline(__always) mutating func add(_ value: Int) {
    count += 1
    sum += value
    most = max(most, value)
  }
}

/// Operators that combine the values of a key.
extension OperatorInputs {
  var combineCases: [OperatorCase] {
    let (pairs, text) = (pairs, text)
    return [
      OperatorCase(
        name: "countByKey", records: words,
        plan: {
          $0.read(.lines(text)).flatMap { line, emit in for word in line.words { emit(word, 1) } }
            .countByKey().write(.result("r"))
        },
        read: Answer.counts,
        loop: { answer in
          var table = WordTable()
          try eachLine(of: text) { for word in $0.words { table.add(word) } }
          table.eachInOrder {
            answer.add($0)
            answer.add($1)
          }
        }),
      OperatorCase(
        name: "reduce", records: records,
        plan: { $0.pairs(of: pairs).reduce { $0 + $1 }.write(.result("r")) },
        read: Answer.pairs,
        loop: { answer in
          var table = NumberTable(0)
          try eachPair(of: pairs) { key, value in table.update(key) { $0 += value } }
          for (key, sum) in table.sorted {
            answer.add(key)
            answer.add(sum)
          }
        }),
      OperatorCase(
        name: "combine(into:)", records: records,
        plan: {
          $0.pairs(of: pairs).combine(into: Spread()) {
            $0.add($1)
          } merge: {
            $0.count += $1.count
            $0.sum += $1.sum
            $0.most = max($0.most, $1.most)
          }
          .write(.result("r"))
        },
        read: { key, value, answer in
          answer.add(try Int.decodeKey(from: &key, isLast: true))
          let spread = try Spread(from: &value)
          answer.add(spread.count &+ spread.sum &+ spread.most)
        },
        loop: { answer in
          var table = NumberTable(Spread())
          try eachPair(of: pairs) { key, value in table.update(key) { $0.add(value) } }
          for (key, spread) in table.sorted {
            answer.add(key)
            answer.add(spread.count &+ spread.sum &+ spread.most)
          }
        }),
      OperatorCase(
        name: "distinct", records: records,
        plan: {
          $0.read(.lines(pairs)).compactMap { $0.pair?.key }.distinct().write(.result("r"))
        },
        read: Answer.keys,
        loop: { answer in
          var table = NumberTable(())
          try eachPair(of: pairs) { key, _ in table.update(key) { _ in } }
          for (key, _) in table.sorted { answer.add(key) }
        }),
    ]
  }
}
