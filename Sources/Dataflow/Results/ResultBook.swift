// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Memory
package import Replication
import Vocabulary

/// All results with their versions, by name.
package struct ResultBook: Hashable, Sendable {
  /// The versions of one name that are kept, oldest first.
  struct Shelf: Hashable, Sendable {
    let name: String
    /// How many versions there ever were.
    var count: UInt64 = 0
    var versions: [ResultVersion] = []
  }

  /// In ascending order of the names' bytes.
  private(set) var shelves: [Shelf] = []

  package init() {}

  /// Makes a version visible; drops what retention lets go. O(log names + versions of the name).
  mutating func add(
    _ name: String, retention: Retention, _ make: (_ version: UInt64) -> ResultVersion
  ) -> UInt64 {
    let place = place(of: name)
    if place == shelves.count || shelves[place].name != name {
      shelves.insert(Shelf(name: name), at: place)
    }
    shelves[place].count += 1
    let number = shelves[place].count
    shelves[place].versions.append(make(number))
    expire(place, retention)
    return number
  }

  private mutating func expire(_ place: Int, _ retention: Retention) {
    var bytes = 0
    var kept = 0
    for version in shelves[place].versions.reversed() {
      bytes += version.bytes
      guard kept == 0 || kept < retention.versions && bytes <= retention.bytes else { break }
      kept += 1
    }
    shelves[place].versions.removeFirst(shelves[place].versions.count - kept)
  }

  /// Marks the versions that a step made, some of whose runs are gone.
  mutating func lose(_ runs: ShardRuns) {
    for place in shelves.indices {
      for index in shelves[place].versions.indices {
        shelves[place].versions[index].lose(runs)
      }
    }
  }

  private func place(of name: String) -> Int {
    var low = 0
    var high = shelves.count
    while low < high {
      let middle = (low + high) / 2
      if shelves[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  private func shelf(_ name: String) throws(Refusal) -> Shelf {
    let place = place(of: name)
    guard place < shelves.count, shelves[place].name == name else {
      throw Refusal("there is no result called \(name)")
    }
    return shelves[place]
  }

  /// The versions of a name that are kept, newest first.
  package func log(_ name: String) throws(Refusal) -> [ResultVersion] {
    try shelf(name).versions.reversed()
  }

  /// The newest version of each name that begins with `prefix`.
  package func list(_ prefix: String) -> [ResultVersion] {
    shelves.filter { $0.name.utf8.starts(with: prefix.utf8) }.compactMap(\.versions.last)
  }

  /// The version that is meant; a refusal that says which there are, where there is none.
  package func find(
    _ name: String, _ selector: VersionSelector
  ) throws(Refusal) -> ResultVersion {
    let shelf = try shelf(name)
    guard let oldest = shelf.versions.first, let newest = shelf.versions.last else {
      throw Refusal("there is no version of \(name)")
    }
    let there =
      oldest.version == newest.version
      ? "there is version \(newest.version)"
      : "there are versions \(oldest.version) to \(newest.version)"
    switch selector {
    case .latest: return newest
    case .version(let number):
      guard number >= 1, number <= shelf.count else {
        throw Refusal("\(name) has no version \(number) yet: \(there)")
      }
      guard let found = shelf.versions.first(where: { $0.version == number }) else {
        throw Refusal("version \(number) of \(name) has expired: \(there)")
      }
      return found
    case .asOf(let microseconds):
      guard
        let found = shelf.versions.last(where: { $0.instant.microseconds <= microseconds })
      else {
        let why =
          oldest.version == 1
          ? "did not exist at that instant" : "is not kept as of that instant"
        throw Refusal("\(name) \(why): \(there)")
      }
      return found
    }
  }

  /// The steps whose runs are readable: not those of versions of which something is lost. Two
  /// outputs of one stage share a step.
  var steps: [LiveStep] {
    shelves.flatMap { shelf in
      shelf.versions.filter { !$0.isLost }.map(\.liveStep)
    }
  }
}

extension ResultBook {
  func write(into out: inout ByteBuffer) {
    out.append(list: shelves) {
      $0.append(counted: $1.name)
      $0.appendVarint($1.count)
      $0.append(list: $1.versions) { $0.append($1) }
    }
  }

  init(reading reader: inout ByteReader) throws(ByteReader.Damaged) {
    shelves = try reader.list { reader throws(ByteReader.Damaged) in
      var shelf = Shelf(name: try reader.text())
      shelf.count = try reader.varint()
      shelf.versions = try reader.list { reader throws(ByteReader.Damaged) in
        try reader.resultVersion()
      }
      return shelf
    }
  }
}
