// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

/// How the records of a saved result were spread over the partitions of the job that made it. Who
/// reads them as input spreads them so again, and meets values in the order in which the partitions
/// themselves would give them.
package enum RunSpread: Hashable, Sendable {
  /// All in one.
  case one
  /// By the stable hash of the key.
  case hash
  /// One partition behind the other, each with so many records.
  case ranges([Int])

  /// As it stands in a result file; nil where nothing has to.
  var text: String? {
    switch self {
    case .one: nil
    case .hash: "hash"
    case .ranges(let counts): counts.map(String.init).joined(separator: ",")
    }
  }

  /// Nil where the text says nothing that can be.
  init?(_ text: String?) {
    guard let text else {
      self = .one
      return
    }
    if text == "hash" {
      self = .hash
      return
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let counts = parts.compactMap { Int($0) }
    guard counts.count == parts.count, counts.count <= Limits.partitions,
      counts.allSatisfy({ $0 >= 0 && $0 < 1 << 48 })
    else { return nil }
    self = .ranges(counts)
  }
}

extension RunSpread {
  /// Tells the partition of each record, one after the other.
  package struct Cursor {
    private let spread: RunSpread
    private var partition = 0
    private var passed = 0

    package init(_ spread: RunSpread) { self.spread = spread }

    package mutating func next(_ key: Bytes) -> Int {
      switch spread {
      case .one: return 0
      case .hash: return stablePartition(key, mask: UInt64(Limits.partitions - 1))
      case .ranges(let counts):
        while partition + 1 < counts.count, passed >= counts[partition] {
          partition += 1
          passed = 0
        }
        passed += 1
        return partition
      }
    }
  }
}
