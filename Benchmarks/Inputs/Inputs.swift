// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// A file to work on.
struct Input {
  let path: String
  let bytes: Int
}

/// Finds or makes what suites work on, and says what it is.
final class Inputs {
  private let scratch: ScratchDirectory
  private let reporter: Reporter
  private let given: String?
  /// Whether the given file is meant for several suites: then it is text.
  private let isForAll: Bool
  private var texts: [Int: Input] = [:]

  init(scratch: ScratchDirectory, reporter: Reporter, given: String?, isForAll: Bool) {
    self.scratch = scratch
    self.reporter = reporter
    self.given = given
    self.isForAll = isForAll
  }

  /// The given text, all of it or its beginning; or `bytes` of generated text.
  func text(bytes: Int, isWhole: Bool) throws -> Input {
    if let given, isWhole {
      let input = Input(path: given, bytes: try Files.size(given))
      reporter.note("input: \(input.bytes.grouped) bytes of the given file")
      return input
    }
    let input = try texts[bytes] ?? make(bytes)
    texts[bytes] = input
    reporter.note(
      given != nil
        ? "input: the first \(input.bytes.grouped) bytes of the given file"
        : "input: \(input.bytes.grouped) bytes of generated text; real text needs --input")
    return input
  }

  private func make(_ bytes: Int) throws -> Input {
    let path = scratch.file("text-\(bytes)")
    if let given {
      try Files.copyBeginning(of: given, min(bytes, Files.size(given)), to: path)
    } else {
      try TextGenerator.write(bytes: bytes, to: path)
    }
    return Input(path: path, bytes: try Files.size(path))
  }

  /// The given lines of 100 bytes; nil where lines are to be made.
  func records() throws -> Input? {
    guard let given, !isForAll else { return nil }
    let input = Input(path: given, bytes: try Files.size(given))
    guard input.bytes > 0, input.bytes.isMultiple(of: 100) else {
      throw BenchmarkError("\(given) is not made of lines of 100 bytes, which terasort needs")
    }
    reporter.note("input: \((input.bytes / 100).grouped) lines of the given file")
    return input
  }

  /// The beginning of an input as a file of its own, which the caller removes.
  func beginning(of input: Input, oneIn parts: Int) throws -> Input {
    if parts == 1 { return input }
    let path = scratch.file("beginning-\(parts)")
    try Files.copyBeginning(of: input.path, input.bytes / parts, to: path)
    return Input(path: path, bytes: try Files.size(path))
  }
}
