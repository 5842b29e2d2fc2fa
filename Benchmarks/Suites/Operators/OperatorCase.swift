// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Memory

/// An operator as the engine runs it, and as a loop that was written by hand for this one task.
struct OperatorCase {
  let name: String
  /// What a time is divided by.
  let records: Int
  /// Describes a plan with one result.
  let plan: (Flow) throws -> Void
  /// Takes one record of the result in.
  let read: ResultReader
  /// Does the same work, and takes the same records in, in the same order.
  let loop: (inout Answer) throws -> Void

  /// What the engine comes to on one thread, with the reading of the result.
  func runEngine() throws -> Answer {
    let result = try InlineRunner(threads: 1).run(try Plan("operators", plan))
    var answer = Answer()
    for output in result.outputs {
      try output.forEach { key, value in try read(&key, &value, &answer) }
    }
    return answer
  }

  func runLoop() throws -> Answer {
    var answer = Answer()
    try loop(&answer)
    return answer
  }
}

/// Takes the key and the value of a record into an answer.
typealias ResultReader =
  @Sendable (inout RecordReader, inout RecordReader, inout Answer) throws -> Void

/// A number that depends on all records of a result and on their order.
struct Answer: Equatable {
  private var sum: UInt64 = 0
  private(set) var parts = 0

  @inline(__always) mutating func add(_ number: Int) {
    sum = (sum ^ UInt64(truncatingIfNeeded: number)) &* 0x9E37_79B9_7F4A_7C15
    sum ^= sum &>> 29
    parts &+= 1
  }

  @inline(__always) mutating func add(_ bytes: Bytes) {
    sum = unsafe keyHash(bytes.base, bytes.count, seed: sum)
    parts &+= 1
  }

  /// Pairs of numbers.
  static let pairs: ResultReader = { key, value, answer in
    answer.add(try Int.decodeKey(from: &key, isLast: true))
    answer.add(try Int(from: &value))
  }

  /// Numbers that are values.
  static let values: ResultReader = { _, value, answer in answer.add(try Int(from: &value)) }

  /// Numbers that are keys.
  static let keys: ResultReader = { key, _, answer in
    answer.add(try Int.decodeKey(from: &key, isLast: true))
  }

  /// Bytes that are keys.
  static let bytes: ResultReader = { key, _, answer in answer.add(try key.rest()) }

  /// Bytes with a number each.
  static let counts: ResultReader = { key, value, answer in
    answer.add(try key.rest())
    answer.add(try Int(from: &value))
  }
}
