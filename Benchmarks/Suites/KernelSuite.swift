// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

/// The engine's inner loops, each alone on one thread, against the same in C++ or a plain copy.
enum KernelSuite: Suite {
  static let name = "kernels"
  private static let size = Parameter(name: "bytes", large: 256 << 20, small: 4 << 20)
  private static let records = Parameter(name: "records", large: 2_000_000, small: 40_000)
  static var parameters: [Parameter] { [size, records] }

  static func run(_ session: Session) throws {
    let input = try session.text(size)
    let bytes = min(input.bytes, session[size])
    if bytes < input.bytes {
      session.reporter.note("kernels take the first \(bytes.grouped) bytes")
    }
    let reference = try session.references.program("kernels").map {
      try KernelReference($0, input.path, bytes: bytes, records: session[records])
    }
    defer { reference?.end() }
    let text = try TokenisedText(input.path, atMost: bytes)
    try runWords(text, session, reference)
    try runSort(session, reference)
    try runCodec(text, session)
  }

  private static func runWords(
    _ text: TokenisedText, _ session: Session, _ reference: KernelReference?
  ) throws {
    let count = text.bytes.count
    try compare("tokenise text", bytes: count, session, reference?.kernel("tokenise")) {
      text.countWords()
    }
    try compare("tokenise lines", bytes: count, session, reference?.kernel("tokenise")) {
      text.countWordsByLine()
    }
    try compare("combine", bytes: count, session, reference?.kernel("combine")) {
      text.combine()
    }
    try compare("partition", bytes: count, session, reference?.kernel("partition")) {
      text.partition()
    }
  }

  private static func runSort(_ session: Session, _ reference: KernelReference?) throws {
    let shuffled = ShuffledRecords(session[records])
    try compare("sort", bytes: shuffled.byteCount, session, reference?.kernel("sort")) {
      shuffled.sort()
    }
    guard shuffled.isSorted else { throw BenchmarkError("the sorted records are in disorder") }
  }

  /// Blocks as results are saved in: compressed, expanded and summed up, against plain copies.
  private static func runCodec(_ text: TokenisedText, _ session: Session) throws {
    let blocks = CodecBlocks(text.bytes)
    let copy = ReferenceKernel(name: "memcpy") { timed { blocks.copy() } }
    let count = text.bytes.count
    if BlockCodec.isAvailable {
      try compare("lz4 compress", bytes: count, session, copy) { blocks.compress() }
      try compare("lz4 expand", bytes: count, session, copy) { blocks.expand() }
      guard blocks.isRestored else { throw BenchmarkError("expanded blocks differ") }
    } else {
      session.reporter.note("lz4 is not built in, so its speed was not measured")
    }
    try compare("checksum", bytes: count, session, copy) { blocks.checksum() }
  }

  /// Runs a kernel and its reference in turns. A kernel returns a number that depends on all of its
  /// work and is the same every time.
  private static func compare(
    _ name: String, bytes: Int, _ session: Session, _ reference: ReferenceKernel?,
    _ kernel: @escaping () -> Int
  ) throws {
    var result: Int?
    var contestants = [
      Contestant(name: name) {
        var found = 0
        let sample = timed { found = kernel() }
        if let result, result != found { throw BenchmarkError("\(name) is not repeatable") }
        result = found
        return sample
      }
    ]
    if let reference {
      contestants.append(Contestant(name: reference.name, turn: reference.turn))
    }
    let standings = try session.contest(contestants)
    let other = reference.map { standings[$0.name] } ?? []
    for metric in [Metric.cpu, .cpuRate(bytes: bytes)] {
      session.reporter.show(name, metric, standings[name], against: reference?.name, other)
    }
  }
}
