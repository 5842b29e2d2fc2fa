// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Which members of a group are on one host, and so share memory. All members agree on it.
package struct Hosts: Sendable, Hashable, CustomStringConvertible {
  /// By rank: a number that members of one host have in common, counted from 0 in the order of
  /// ranks. So it does not matter how hosts are called.
  private let numbers: [Int]
  /// By rank: the members of its host, itself included.
  private let sharing: [RankSet]

  /// Hosts by rank, as whatever tells them apart.
  package init(_ names: some Sequence<some Hashable>) {
    var known: [AnyHashable: Int] = [:]
    var numbers: [Int] = []
    for name in names {
      let number = known[name] ?? known.count
      known[name] = number
      numbers.append(number)
    }
    self.numbers = numbers
    // More members than a group has ranks are counted, and no group is formed of them.
    let ranks = RankSet(first: min(numbers.count, Limits.members))
    sharing = ranks.map { rank in
      RankSet(ranks.filter { numbers[$0.index] == numbers[rank.index] })
    }
  }

  /// All members on one host.
  package init(together members: Int) { self.init(repeatElement(0, count: max(members, 0))) }

  /// Each member on a host of its own.
  package init(apart members: Int) { self.init(0..<max(members, 0)) }

  package var members: Int { numbers.count }

  /// The members that share memory with `rank`, itself included.
  package func sharing(with rank: Rank) -> RankSet { sharing[rank.index] }

  package func areTogether(_ one: Rank, _ other: Rank) -> Bool {
    numbers[one.index] == numbers[other.index]
  }

  /// The number of a member's host.
  package subscript(_ rank: Rank) -> Int { numbers[rank.index] }

  /// Whether all members are on one host, and whether each is on its own.
  package var isOne: Bool { numbers.allSatisfy { $0 == 0 } }
  package var areApart: Bool { sharing.allSatisfy { $0.count == 1 } }

  /// The host numbers by rank: `0 0 1`.
  package var description: String { numbers.map(String.init).joined(separator: " ") }
}
