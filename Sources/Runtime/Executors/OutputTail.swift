// SPDX-License-Identifier: Apache-2.0

/// What an executor writes: lines are handed out as long as they are not too many, and the last
/// bytes are kept for the case that it dies. Costs little where much is written.
struct OutputTail {
  /// Bytes that are kept of what was written last: some words and a stack.
  private static let keptBytes = 32 << 10
  /// Bytes that are handed out as lines within a span.
  private static let spanBytes = 256 << 10
  private static let spanNanoseconds: UInt64 = 1_000_000_000
  private static let lineBytesMaximum = 1000

  private var kept: [UInt8] = []
  /// A line that has begun, as far as it is shown.
  private var open: [UInt8] = []
  private var spanEnd: UInt64 = 0
  private var left = 0
  /// Bytes that were not handed out.
  private var skippedBytes = 0

  /// Takes a piece in; hands lines that are whole to `tell`.
  mutating func take(_ piece: ArraySlice<UInt8>, now: UInt64, _ tell: (String) -> Void) {
    kept += piece.suffix(Self.keptBytes)
    if kept.count > 2 * Self.keptBytes { kept.removeFirst(kept.count - Self.keptBytes) }
    if now >= spanEnd {
      spanEnd = now &+ Self.spanNanoseconds
      left = Self.spanBytes
      tellSkipped(tell)
    }
    var rest = piece.prefix(left)
    left -= rest.count
    skippedBytes += piece.count - rest.count
    while let end = rest.firstIndex(of: 0x0A) {
      extend(rest[..<end])
      finishLine(tell)
      rest = rest[(end + 1)...]
    }
    extend(rest)
  }

  /// There comes no more.
  mutating func finish(_ tell: (String) -> Void) {
    if !open.isEmpty { finishLine(tell) }
    tellSkipped(tell)
  }

  private mutating func extend(_ bytes: ArraySlice<UInt8>) {
    open += bytes.prefix(max(0, Self.lineBytesMaximum - open.count))
  }

  private mutating func finishLine(_ tell: (String) -> Void) {
    tell(Self.printable(open[...]))
    open.removeAll(keepingCapacity: true)
  }

  private mutating func tellSkipped(_ tell: (String) -> Void) {
    if skippedBytes > 0 { tell("… \(skippedBytes) bytes are left out: too many at a time …") }
    skippedBytes = 0
  }

  /// The last words, then the stack. The runtime of Swift shows a stack of its own before ours,
  /// with less in it.
  var last: [String] {
    let found = kept.suffix(Self.keptBytes).split(separator: 0x0A).map {
      Self.printable($0.prefix(Self.lineBytesMaximum))
    }
    let stack = found.lastIndex(of: Self.stackTitle) ?? found.endIndex
    let words = found[..<stack]
    let ownStack = words.lastIndex(of: "Current stack trace:") ?? words.endIndex
    return words[..<ownStack].suffix(Self.wordsMaximum) + found[stack...].prefix(Self.stackMaximum)
  }

  /// The line before the stack that a trap leaves.
  private static let stackTitle = "stack:"
  private static let wordsMaximum = 40
  private static let stackMaximum = 100

  /// Bytes as text that leaves a terminal as it is.
  static func printable(_ bytes: ArraySlice<UInt8>) -> String {
    let text = String(decoding: bytes, as: UTF8.self)
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar.properties.generalCategory {
      case .control where scalar == "\t": shown += "  "
      case .control, .format, .lineSeparator, .paragraphSeparator: shown += "·"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }
}
