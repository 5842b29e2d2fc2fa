// SPDX-License-Identifier: Apache-2.0
import MapReduce
import Memory

/// Operators that bring all values of a key together.
extension OperatorInputs {
  var groupCases: [OperatorCase] {
    let pairs = pairs
    // What a group comes to depends on the order of its values.
    let digest: @Sendable (Int, Int) -> Int = { $0 &* 31 &+ $1 }
    return [
      OperatorCase(
        name: "group", records: records,
        plan: { $0.pairs(of: pairs).group { $1.reduce(0, digest) }.write(.result("r")) },
        read: Answer.pairs,
        loop: { answer in
          try eachGroup(sortedPairs(of: pairs)) { key, values in
            answer.add(key)
            answer.add(values.reduce(0) { digest($0, $1.value) })
          }
        }),
      OperatorCase(
        name: "group that emits", records: records,
        plan: {
          $0.pairs(of: pairs).group(to: (Int, Int).self) { key, values, emit in
            emit(key, values.reduce(0, digest))
          }
          .map { $0 &+ $1 }.filter { isRare($0) }.keyed { ($0, 0) }.write(.result("r"))
        },
        read: Answer.pairs,
        loop: { answer in
          var found: [Int] = []
          try eachGroup(sortedPairs(of: pairs)) { key, values in
            let sum = key &+ values.reduce(0) { digest($0, $1.value) }
            if isRare(sum) { found.append(sum) }
          }
          for sum in found.sorted() {
            answer.add(sum)
            answer.add(0)
          }
        }),
      OperatorCase(
        name: "group(orderedBy:)", records: records,
        plan: {
          $0.pairs(of: pairs).group(orderedBy: { -$0 }, { $1.reduce(0, digest) })
            .write(.result("r"))
        },
        read: Answer.pairs,
        loop: { answer in
          var all: [(key: Int, value: Int)] = []
          try eachPair(of: pairs) { all.append(($0, $1)) }
          all.sort { $0.key != $1.key ? $0.key < $1.key : $0.value > $1.value }
          eachGroup(all) { key, values in
            answer.add(key)
            answer.add(values.reduce(0) { digest($0, $1.value) })
          }
        }),
    ]
  }
}

/// Hands the pairs of every key to `body`; they stand together.
@inline(__always) private func eachGroup(
  _ pairs: [(key: Int, value: Int)], _ body: (Int, ArraySlice<(key: Int, value: Int)>) -> Void
) {
  var start = 0
  while start < pairs.count {
    var end = start + 1
    while end < pairs.count, pairs[end].key == pairs[start].key { end += 1 }
    body(pairs[start].key, pairs[start..<end])
    start = end
  }
}

/// Operators of two datasets.
extension OperatorInputs {
  var joinCases: [OperatorCase] {
    let (pairs, others) = (pairs, others)
    func one(
      _ name: String, _ plan: @escaping (Keyed<Int, Int>, Keyed<Int, Int>) -> Keyed<Int, Int>,
      _ loop: @escaping (_ left: Int?, _ right: Int?) -> Int?
    ) -> OperatorCase {
      OperatorCase(
        name: name, records: records + keys,
        plan: { plan($0.pairs(of: pairs), $0.pairs(of: others)).write(.result("r")) },
        read: Answer.pairs,
        loop: { answer in
          try eachMeeting(sortedPairs(of: pairs), sortedPairs(of: others)) { key, left, right in
            guard let value = loop(left, right) else { return }
            answer.add(key)
            answer.add(value)
          }
        })
    }
    return [
      one("join", { $0.join($1) { $1 &- $2 } }) { left, right in
        if let left, let right { left &- right } else { nil }
      },
      one("leftJoin", { $0.leftJoin($1) { $1 &- ($2 ?? 7) } }) { left, right in
        left.map { $0 &- (right ?? 7) }
      },
      one("rightJoin", { $0.rightJoin($1) { ($1 ?? 7) &- $2 } }) { left, right in
        right.map { (left ?? 7) &- $0 }
      },
      one("fullJoin", { $0.fullJoin($1) { ($1 ?? 7) &- ($2 ?? 7) } }) { left, right in
        (left ?? 7) &- (right ?? 7)
      },
      coGroup,
    ]
  }

  private var coGroup: OperatorCase {
    let (pairs, others) = (pairs, others)
    return OperatorCase(
      name: "coGroup", records: records + keys,
      plan: { flow in
        flow.pairs(of: pairs).coGroup(flow.pairs(of: others)) {
          $1.reduce(0) { $0 &+ $1 } &- $2.reduce(0) { $0 &+ $1 }
        }
        .write(.result("r"))
      },
      read: Answer.pairs,
      loop: { answer in
        var sums = NumberTable(0)
        try eachPair(of: pairs) { key, value in sums.update(key) { $0 &+= value } }
        try eachPair(of: others) { key, value in sums.update(key) { $0 &-= value } }
        for (key, sum) in sums.sorted {
          answer.add(key)
          answer.add(sum)
        }
      })
  }
}

/// Hands every pairing of two sorted sides to `body`, and what is on one of them alone with nil.
@inline(__always) private func eachMeeting(
  _ left: [(key: Int, value: Int)], _ right: [(key: Int, value: Int)],
  _ body: (Int, Int?, Int?) -> Void
) {
  var (here, there) = (0, 0)
  while here < left.count || there < right.count {
    if there == right.count || (here < left.count && left[here].key < right[there].key) {
      body(left[here].key, left[here].value, nil)
      here += 1
    } else if here == left.count || right[there].key < left[here].key {
      body(right[there].key, nil, right[there].value)
      there += 1
    } else {
      let key = left[here].key
      var end = there
      while end < right.count, right[end].key == key { end += 1 }
      while here < left.count, left[here].key == key {
        for place in there..<end { body(key, left[here].value, right[place].value) }
        here += 1
      }
      there = end
    }
  }
}

/// Iterations.
extension OperatorInputs {
  private static let rounds = 5

  var roundCases: [OperatorCase] {
    let (pairs, rounds) = (pairs, Self.rounds)
    // Each key hands what it has to another one, and keeps a part.
    let round: @Sendable (Keyed<Int, Int>) -> Keyed<Int, Int> = { state in
      state.flatMap(to: (Int, Int).self) { key, value, emit in
        emit(key, value / 2)
        emit(key ^ 1, value / 2)
      }
      .reduce { $0 &+ $1 }
    }
    return [
      OperatorCase(
        name: "iterate, \(rounds) rounds", records: keys * rounds,
        plan: { flow in
          let start = flow.pairs(of: pairs).reduce { $0 &+ $1 }
          start.iterate(upTo: rounds) { round($0) }.write(.result("r"))
        },
        read: Answer.pairs,
        loop: { answer in
          var state = NumberTable(0)
          try eachPair(of: pairs) { key, value in state.update(key) { $0 &+= value } }
          for _ in 0..<rounds {
            var next = NumberTable(0)
            state.each { key, value in
              next.update(key) { $0 &+= value / 2 }
              next.update(key ^ 1) { $0 &+= value / 2 }
            }
            state = next
          }
          for (key, value) in state.sorted {
            answer.add(key)
            answer.add(value)
          }
        })
    ]
  }
}
