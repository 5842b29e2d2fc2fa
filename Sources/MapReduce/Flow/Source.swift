// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory

/// Where a dataset begins.
public struct Source<T> {
  let input: StageInput
  let feed: Feed<T>
  let name: String
  /// Whether the elements are bytes of the input as they stand.
  let isPlain: Bool

  @usableFromInline init(
    input: StageInput, feed: @escaping Feed<T>, name: String, isPlain: Bool = false
  ) {
    self.input = input
    self.feed = feed
    self.name = name
    self.isPlain = isPlain
  }
}

extension Source where T == Bytes {
  /// The lines of files, without their ends (LF or CR LF).
  ///
  /// Each entry is a path, a glob or a directory, whose files are read in the order of their names
  /// (directories in it, and names that begin with a dot or an underscore, are left out); `-` is
  /// standard input. A last line needs no end,
  /// and bytes that are not UTF-8 are data like any other.
  public static func lines(_ paths: [String]) -> Source<Bytes> {
    Source(
      input: .files(paths, .lines),
      feed: { chunk, sink in try chunk.feedPlain(sink) },
      name: "lines", isPlain: true)
  }

  /// The lines of one file, glob, directory or, as `-`, standard input.
  public static func lines(_ path: String) -> Source<Bytes> { lines([path]) }
}

extension Source {
  /// Values that the plan holds: small tables, or the input of a test.
  @inlinable public static func values(_ values: [T]) -> Source<T> where T: Sendable {
    Source(
      input: .values(count: values.count),
      feed: { chunk, sink in try chunk.feedValues(values, sink) },
      name: "values")
  }
}

/// What a stage reads.
@usableFromInline enum StageInput: Sendable {
  case files([String], FileFormat)
  case values(count: Int)
  case stage(StageSpec)
  /// What an earlier job has left behind.
  case result(ResultInput)

  /// What the bytes of its files mean, where it reads files.
  var format: FileFormat {
    if case .files(_, let format) = self { format } else { .lines }
  }
}
