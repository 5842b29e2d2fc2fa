// SPDX-License-Identifier: Apache-2.0
import MapReduce
import Memory

/// Operators that stream: each stands between a source and a filter that keeps few.
extension OperatorInputs {
  var streamCases: [OperatorCase] { mapCases + flatMapCases + otherStreams }

  private var mapCases: [OperatorCase] {
    let (pairs, numbers) = (pairs, numbers)
    return [
      OperatorCase(
        name: "map", records: records,
        plan: {
          $0.read(.lines(pairs)).map { $0.pair?.value ?? 0 }.filter { isRare($0) }
            .write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachLine(of: pairs) {
            let number = $0.pair?.value ?? 0
            if isRare(number) { answer.add(number) }
          }
        }),
      OperatorCase(
        name: "map, numbers in memory", records: records,
        plan: {
          $0.read(.values(numbers)).map { $0 / 3 }.filter { isRare($0) }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          for number in numbers where isRare(number / 3) { answer.add(number / 3) }
        }),
      OperatorCase(
        name: "filter", records: records,
        plan: {
          $0.read(.lines(pairs)).filter { $0.count % 2 == 0 }.filter { $0.isRare }
            .write(.result("r"))
        },
        read: Answer.bytes,
        loop: { answer in
          try eachLine(of: pairs) { if $0.count % 2 == 0, $0.isRare { answer.add($0) } }
        }),
      OperatorCase(
        name: "compactMap", records: records,
        plan: {
          $0.read(.lines(pairs)).compactMap { $0.pair?.key }.filter { isRare($0) }
            .write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachLine(of: pairs) { if let key = $0.pair?.key, isRare(key) { answer.add(key) } }
        }),
    ]
  }

  private var flatMapCases: [OperatorCase] {
    let (text, pairs) = (text, pairs)
    return [
      OperatorCase(
        name: "flatMap, a sequence", records: words,
        plan: {
          $0.read(.lines(text)).flatMap { $0.words }.filter { $0.isRare }.write(.result("r"))
        },
        read: Answer.bytes,
        loop: { answer in
          try eachLine(of: text) { for word in $0.words where word.isRare { answer.add(word) } }
        }),
      OperatorCase(
        name: "flatMap that emits", records: words,
        plan: {
          $0.read(.lines(text)).flatMap { line, emit in
            for word in line.words { emit(word, word.count) }
          }
          .map { word, count in word.isRare ? count : 0 }.filter { $0 > 0 }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachLine(of: text) {
            for word in $0.words where word.isRare { answer.add(word.count) }
          }
        }),
      OperatorCase(
        name: "keyed", records: records,
        plan: {
          $0.read(.lines(pairs)).keyed { $0.pair ?? (0, 0) }.map { $0 &+ $1 }
            .filter { isRare($0) }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachLine(of: pairs) {
            let (key, value) = $0.pair ?? (0, 0)
            if isRare(key &+ value) { answer.add(key &+ value) }
          }
        }),
    ]
  }

  private var otherStreams: [OperatorCase] {
    let (pairs, others, numbers) = (pairs, others, numbers)
    return [
      OperatorCase(
        name: "sample", records: records,
        plan: { $0.read(.values(numbers)).sample(0.01, seed: 5).write(.result("r")) },
        read: Answer.values,
        loop: { answer in
          // The seed as the operator changes it; the number as it is encoded.
          let seed: UInt64 = 5 ^ 0xA5A5_5A5A_C3C3_3C3C
          var encoded = ByteBuffer(capacity: 16)
          for number in numbers {
            encoded.removeAll()
            encoded.appendVarint(UInt64(number) << 1)
            let lot = unsafe keyHash(encoded.bytes.base, encoded.bytes.count, seed: seed)
            if Double(lot >> 11) / Double(1 << 53) < 0.01 { answer.add(number) }
          }
        }),
      OperatorCase(
        name: "union", records: records + keys,
        plan: { flow in
          flow.read(.lines(pairs)).union(flow.read(.lines(others))).filter { $0.isRare }
            .write(.result("r"))
        },
        read: Answer.bytes,
        loop: { answer in
          try eachLine(of: pairs) { if $0.isRare { answer.add($0) } }
          try eachLine(of: others) { if $0.isRare { answer.add($0) } }
        }),
    ]
  }
}

/// Streaming operators of pairs.
extension OperatorInputs {
  var pairCases: [OperatorCase] {
    let pairs = pairs
    return [
      OperatorCase(
        name: "mapValues", records: records,
        plan: {
          $0.pairs(of: pairs).mapValues { $0 &+ 1 }.map { $0 &+ $1 }.filter { isRare($0) }
            .write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachPair(of: pairs) { key, value in
            let sum = key &+ value &+ 1
            if isRare(sum) { answer.add(sum) }
          }
        }),
      OperatorCase(
        name: "filter of pairs", records: records,
        plan: {
          $0.pairs(of: pairs).filter { $1 % 2 == 0 }.map { $0 &+ $1 }.filter { isRare($0) }
            .write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachPair(of: pairs) { key, value in
            if value % 2 == 0, isRare(key &+ value) { answer.add(key &+ value) }
          }
        }),
      OperatorCase(
        name: "flatMap of pairs", records: records,
        plan: {
          $0.pairs(of: pairs).flatMap(to: (Int, Int).self) { key, value, emit in
            if value % 2 == 0 { emit(value, key) }
          }
          .map { $0 &+ $1 }.filter { isRare($0) }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          try eachPair(of: pairs) { key, value in
            if value % 2 == 0, isRare(key &+ value) { answer.add(key &+ value) }
          }
        }),
      OperatorCase(
        name: "values of pairs", records: records,
        plan: { $0.pairs(of: pairs).values.filter { isRare($0) }.write(.result("r")) },
        read: Answer.values,
        loop: { answer in
          try eachPair(of: pairs) { _, value in if isRare(value) { answer.add(value) } }
        }),
    ]
  }
}

/// Operators whose closures look something up.
extension OperatorInputs {
  var broadcastCases: [OperatorCase] {
    let (pairs, others) = (pairs, others)
    func table() throws -> NumberTable<Int?> {
      var table = NumberTable<Int?>(nil)
      try eachPair(of: others) { key, value in table.update(key) { $0 = value } }
      return table
    }
    return [
      OperatorCase(
        name: "map(with:)", records: records + keys,
        plan: { flow in
          flow.read(.lines(pairs)).map(with: flow.pairs(of: others).broadcast()) { line, table in
            table[line.pair?.key ?? 0] ?? 0
          }
          .filter { isRare($0) }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          let table = try table()
          try eachPair(of: pairs) { key, _ in
            if let value = table.find(key) ?? nil, isRare(value) { answer.add(value) }
          }
        }),
      OperatorCase(
        name: "mapValues(with:)", records: records + keys,
        plan: { flow in
          flow.pairs(of: pairs).mapValues(with: flow.pairs(of: others).broadcast()) {
            key, value, table in (table[key] ?? 0) &+ value
          }
          .values.filter { isRare($0) }.write(.result("r"))
        },
        read: Answer.values,
        loop: { answer in
          let table = try table()
          try eachPair(of: pairs) { key, value in
            let sum = ((table.find(key) ?? nil) ?? 0) &+ value
            if isRare(sum) { answer.add(sum) }
          }
        }),
    ]
  }
}

extension Flow {
  /// The pairs of a file, as jobs read them.
  func pairs(of path: String) -> Keyed<Int, Int> {
    read(.lines(path)).flatMap(to: (Int, Int).self) { line, emit in
      if let (key, value) = line.pair { emit(key, value) }
    }
  }
}
