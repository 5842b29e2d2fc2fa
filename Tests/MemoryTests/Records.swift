// SPDX-License-Identifier: Apache-2.0
import Memory

/// A record of a test.
struct Pair: Hashable, Comparable {
  var key: [UInt8]
  var value: [UInt8]

  init(_ key: [UInt8], _ value: [UInt8] = []) {
    self.key = key
    self.value = value
  }

  init(_ frame: Frame) { self.init(Array(frame.key), Array(frame.value)) }

  /// The record with its number as value, so that equal keys can be told apart.
  init(_ key: [UInt8], number: Int) { self.init(key, Array("\(number)".utf8)) }

  static func < (a: Pair, b: Pair) -> Bool { a.key.lexicographicallyPrecedes(b.key) }
}

extension Sequence<Pair> {
  /// Sorted by key; what is equal keeps its order.
  var stablySorted: [Pair] {
    enumerated().sorted { a, b in
      a.element < b.element || (a.element.key == b.element.key && a.offset < b.offset)
    }.map(\.element)
  }

  /// The records in the blocks of one partition.
  func blocks(_ pool: BlockPool = BlockPool()) -> [Block] {
    let writer = PartitionWriter(partitions: 1, pool: pool)
    for pair in self {
      pair.key.withBytes { key in
        pair.value.withBytes { writer.append(key: key, value: $0, partition: 0) }
      }
    }
    return writer.takeBlocks()[0]
  }
}

extension Sequence<Block> {
  /// The records of all blocks, in their order.
  var pairs: [Pair] {
    flatMap { block in
      var cursor = FrameCursor(block)
      var pairs: [Pair] = []
      while let frame = cursor.next() { pairs.append(Pair(frame)) }
      return pairs
    }
  }
}

extension RecordOrder {
  /// The records in their present order.
  var pairs: [Pair] { (0..<count).map { Pair(frame($0)) } }
}
