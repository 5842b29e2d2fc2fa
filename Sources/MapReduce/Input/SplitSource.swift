// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Hands out the splits of a stage's input, in order. Used by one thread at a time.
final class SplitSource: @unchecked Sendable {
  // Sendable because the stage calls it under its lock, one thread at a time.
  private enum Part {
    case splits([Split])
    /// With where its pieces are kept for others that read the same stream, and how many are read.
    case stream(String, FileFormat, StreamKeeper?, pieces: Int)
  }

  private var parts: [(branch: Int, part: Part)]
  private var index = 0
  private var reader: StreamReader?
  private var numbered = 0
  /// Splits that are handed out before others are looked for, the last of them first.
  private var group: [(id: Int, split: BranchSplit)] = []
  private var groupCount = 1

  /// Bytes of all input, where it is known.
  let totalBytes: Int?

  init(_ splits: [Split], totalBytes: Int) {
    parts = [(0, .splits(splits))]
    self.totalBytes = totalBytes
  }

  /// All branches of a stage, one after the other.
  init(branches: [SplitSource]) {
    parts = branches.enumerated().flatMap { branch, source in
      source.parts.map { (branch, $0.part) }
    }
    let sizes = branches.map(\.totalBytes)
    totalBytes = sizes.contains { $0 == nil } ? nil : sizes.reduce(0) { $0 + ($1 ?? 0) }
  }

  /// What was read of a stage with several branches.
  init(read splits: [BranchSplit], totalBytes: Int) {
    parts = splits.map { ($0.branch, .splits([$0.split])) }
    self.totalBytes = totalBytes
  }

  /// Files in order; streams among them are read where their turn comes. `isBeginning`: only the
  /// first split of it all.
  init(
    files: [InputFile], _ format: FileFormat, keeper: StreamKeeper? = nil,
    isBeginning: Bool = false
  ) {
    var parts: [Part] = []
    var regular: [InputFile] = []
    for file in files {
      if file.isStream {
        parts.append(.splits(Splits.pack(regular).map { .files($0) }))
        if let kept = keeper?.pieces(of: file.path) {
          parts.append(.splits(kept.map { .lines($0) }))
        } else {
          parts.append(.stream(file.path, format, keeper, pieces: isBeginning ? 1 : .max))
        }
        regular = []
      } else {
        regular.append(file)
      }
    }
    parts.append(.splits(Splits.pack(regular).map { .files($0) }))
    if isBeginning { parts = Self.beginning(of: parts) }
    self.parts = parts.map { (0, $0) }
    totalBytes = Self.totalBytes(of: parts)
  }

  private static func beginning(of parts: [Part]) -> [Part] {
    for part in parts {
      switch part {
      case .splits(let splits): if let first = splits.first { return [.splits([first])] }
      case .stream: return [part]
      }
    }
    return []
  }

  private static func totalBytes(of parts: [Part]) -> Int? {
    var total = 0
    for part in parts {
      guard case .splits(let splits) = part else { return nil }
      // What is compressed is counted as it is read: expanded.
      if splits.contains(where: \.isCompressed) { return nil }
      total += splits.reduce(0) { $0 + $1.bytes }
    }
    return total
  }

  /// From now on, later splits of a group are handed out before the earlier ones.
  func handOutBackward(inGroupsOf count: Int) { groupCount = count }

  /// The next split with its number; nil where there are no more.
  func next(isCancelled: () -> Bool) throws -> (id: Int, split: BranchSplit)? {
    if group.isEmpty {
      while group.count < groupCount, let next = try nextInOrder(isCancelled) {
        group.append(next)
      }
    }
    return group.popLast()
  }

  private func nextInOrder(_ isCancelled: () -> Bool) throws -> (id: Int, split: BranchSplit)? {
    while let (branch, part) = parts.first {
      switch part {
      case .splits(let splits):
        if index < splits.count {
          defer { index += 1 }
          return number(splits[index], branch)
        }
      case .stream(let path, let format, let keeper, let pieces):
        // Another branch of the stage may have read it meanwhile.
        if reader == nil, let kept = keeper?.pieces(of: path) {
          parts[0].part = .splits(kept.map { .lines($0) })
          continue
        }
        let reader = try self.reader ?? StreamReader(path, format)
        self.reader = reader
        if index < pieces, let piece = try reader.next(isCancelled: isCancelled) {
          index += 1
          keeper?.keep(piece, of: path)
          return number(.lines(piece), branch)
        }
      }
      if case .stream(let path, _, let keeper, _) = part { keeper?.finish(path) }
      parts.removeFirst()
      reader = nil
      index = 0
    }
    return nil
  }

  private func number(_ split: Split, _ branch: Int) -> (id: Int, split: BranchSplit) {
    defer { numbered += 1 }
    return (numbered, BranchSplit(branch: branch, split: split))
  }

  /// All splits at once, for a stage that samples its input first; streams are read into memory.
  func all(isCancelled: () -> Bool) throws -> [BranchSplit] {
    var splits: [BranchSplit] = []
    while let (_, split) = try next(isCancelled: isCancelled) { splits.append(split) }
    return splits
  }
}
