// SPDX-License-Identifier: Apache-2.0

/// What an executor writes, cut into lines: the last ones are kept.
struct OutputTail {
  private var open: [UInt8] = []
  /// The last lines, the newest last.
  private(set) var lines: [String] = []

  private static let lineBytesMaximum = 1000
  private static let linesMaximum = 100

  /// Takes a piece in; hands each line that is whole to `tell`.
  mutating func take(_ piece: ArraySlice<UInt8>, _ tell: (String) -> Void) {
    var rest = piece
    while let end = rest.firstIndex(of: 0x0A) {
      extend(rest[..<end])
      finishLine(tell)
      rest = rest[(end + 1)...]
    }
    extend(rest)
  }

  /// There comes no more.
  mutating func finish(_ tell: (String) -> Void) { if !open.isEmpty { finishLine(tell) } }

  private mutating func extend(_ bytes: ArraySlice<UInt8>) {
    open += bytes.prefix(max(0, Self.lineBytesMaximum - open.count))
  }

  private mutating func finishLine(_ tell: (String) -> Void) {
    let line = String(decoding: open, as: UTF8.self)
    open.removeAll(keepingCapacity: true)
    tell(line)
    if lines.count >= 2 * Self.linesMaximum { lines.removeFirst(Self.linesMaximum) }
    lines.append(line)
  }

  /// The last words, then the stack. The runtime of Swift shows a stack of its own before ours,
  /// with less in it.
  var last: [String] {
    let found = lines.filter { !$0.isEmpty }
    let stack = found.lastIndex(of: Self.stackTitle) ?? found.endIndex
    let words = found[..<stack]
    let ownStack = words.lastIndex(of: "Current stack trace:") ?? words.endIndex
    return words[..<ownStack].suffix(Self.wordsMaximum)
      + found[stack...].prefix(Self.linesMaximum)
  }

  /// The line before the stack that a trap leaves.
  private static let stackTitle = "stack:"
  private static let wordsMaximum = 40
}
