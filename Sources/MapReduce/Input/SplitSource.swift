// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Hands out the splits of a stage's input, in order. Used by one thread at a time.
final class SplitSource: @unchecked Sendable {
  // Sendable because the stage calls it under its lock, one thread at a time.
  private enum Part {
    case splits([Split])
    case stream(String)
  }

  /// Where pieces of streams are kept for later stages that read the same stream.
  private let keeper: StreamKeeper?

  private var parts: [Part]
  private var index = 0
  private var reader: StreamReader?
  private var numbered = 0

  /// Bytes of all input, where it is known.
  let totalBytes: Int?

  init(_ splits: [Split], totalBytes: Int) {
    parts = [.splits(splits)]
    keeper = nil
    self.totalBytes = totalBytes
  }

  /// Files in order; streams among them are read where their turn comes.
  init(files: [InputFile], keeper: StreamKeeper? = nil) {
    self.keeper = keeper
    parts = []
    var regular: [InputFile] = []
    for file in files {
      if file.isStream {
        parts.append(.splits(Splits.pack(regular).map { .files($0) }))
        if let kept = keeper?.pieces(of: file.path) {
          parts.append(.splits(kept.map { .lines($0) }))
        } else {
          parts.append(.stream(file.path))
        }
        regular = []
      } else {
        regular.append(file)
      }
    }
    parts.append(.splits(Splits.pack(regular).map { .files($0) }))
    // What is compressed is counted as it is read: expanded.
    let isKnown = files.allSatisfy { !$0.isStream && $0.compression == nil }
    totalBytes = isKnown ? files.reduce(0) { $0 + $1.size } : nil
  }

  /// The next split with its number; nil where there are no more.
  func next(isCancelled: () -> Bool) throws -> (id: Int, split: Split)? {
    while let part = parts.first {
      switch part {
      case .splits(let splits):
        if index < splits.count {
          defer { index += 1 }
          return number(splits[index])
        }
      case .stream(let path):
        let reader = try self.reader ?? StreamReader(path)
        self.reader = reader
        if let piece = try reader.next(isCancelled: isCancelled) {
          keeper?.keep(piece, of: path)
          return number(.lines(piece))
        }
      }
      if case .stream(let path) = part { keeper?.finish(path) }
      parts.removeFirst()
      reader = nil
      index = 0
    }
    return nil
  }

  private func number(_ split: Split) -> (id: Int, split: Split) {
    defer { numbered += 1 }
    return (numbered, split)
  }

  /// All splits at once, for a stage that samples its input first; streams are read into memory.
  func all(isCancelled: () -> Bool) throws -> [Split] {
    var splits: [Split] = []
    while let (_, split) = try next(isCancelled: isCancelled) { splits.append(split) }
    return splits
  }
}

/// The files of all sources of a plan, found before anything runs: a missing file is told at once,
/// and all stages see a file with the same size.
struct PlanInputs {
  private var files: [[String]: [InputFile]] = [:]
  /// Kept only where some stream is read more than once.
  private let keeper: StreamKeeper?

  /// `progress` is called now and then; it throws where the work is not wanted any more.
  init(_ plan: Plan, _ progress: () throws -> Void = {}) throws {
    var streams: [String] = []
    for stage in plan.stages {
      guard case .lines(let paths) = stage.input else { continue }
      let found = try files[paths] ?? InputFiles.resolve(paths, progress)
      files[paths] = found
      streams += found.filter(\.isStream).map(\.path)
    }
    keeper = Set(streams).count < streams.count ? StreamKeeper() : nil
  }

  func source(of paths: [String]) -> SplitSource {
    SplitSource(files: files[paths] ?? [], keeper: keeper)
  }
}
