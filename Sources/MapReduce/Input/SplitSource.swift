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
  private let format: FileFormat

  private var parts: [Part]
  private var index = 0
  private var reader: StreamReader?
  private var numbered = 0

  /// Bytes of all input, where it is known.
  let totalBytes: Int?

  init(_ splits: [Split], totalBytes: Int) {
    parts = [.splits(splits)]
    keeper = nil
    format = .lines
    self.totalBytes = totalBytes
  }

  /// Files in order; streams among them are read where their turn comes.
  init(files: [InputFile], _ format: FileFormat, keeper: StreamKeeper? = nil) {
    self.keeper = keeper
    self.format = format
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
    totalBytes =
      files.contains { $0.isStream } ? nil : files.reduce(0) { $0 + $1.size }
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
        let reader = try self.reader ?? StreamReader(path, format)
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
