// SPDX-License-Identifier: Apache-2.0

/// Which granules of a stretch of memory are free, in chunks of 256 of them, and where the next run
/// of so many is: the lowest place first, so that what is in use stays together.
///
/// A chunk can be closed: nothing of it is found then. A tree over the chunks knows the longest run
/// in each, so that a short run is found in O(log chunks); one longer than a chunk takes whole
/// chunks and is found in O(chunks).
struct FreeRuns {
  static let chunkSize = 256
  private static let wordCount = chunkSize / 64

  private struct Chunk {
    /// A bit for each granule that is taken.
    var taken = InlineArray<4, UInt64>(repeating: 0)
    var isOpen = false
    var takenCount = 0
  }

  private var chunks: [Chunk]
  /// Inner nodes first: each holds the greater of its two; the leaves hold the chunks' longest
  /// runs.
  private var longest: [Int16]
  private let leaves: Int
  private(set) var takenCount = 0

  init(_ granules: Int) {
    let count = (granules + Self.chunkSize - 1) / Self.chunkSize
    chunks = Array(repeating: Chunk(), count: count)
    var leaves = 1
    while leaves < count { leaves *= 2 }
    self.leaves = leaves
    longest = Array(repeating: 0, count: 2 * leaves)
    // Granules at the end of the last chunk that are not there are taken for ever, and not counted.
    let missing = count * Self.chunkSize - granules
    if missing > 0 {
      mark(count - 1, (Self.chunkSize - missing)..<Self.chunkSize, isTaken: true)
    }
  }

  var chunkCount: Int { chunks.count }
  func isOpen(_ chunk: Int) -> Bool { chunks[chunk].isOpen }
  func isEmpty(_ chunk: Int) -> Bool { chunks[chunk].takenCount == 0 }

  mutating func setOpen(_ chunk: Int, _ isOpen: Bool) {
    chunks[chunk].isOpen = isOpen
    update(chunk)
  }

  /// The lowest place of `count` free granules, at most a chunk of them, in one open chunk.
  func find(_ count: Int) -> Int? {
    guard longest[1] >= count else { return nil }
    var node = 1
    while node < leaves { node = longest[2 * node] >= count ? 2 * node : 2 * node + 1 }
    let chunk = node - leaves
    return run(in: chunk, atLeast: count).map { chunk * Self.chunkSize + $0 }
  }

  /// The lowest chunk, open or not, at whose beginning `count` granules are free, however many
  /// chunks they reach into.
  func findChunks(_ count: Int) -> Int? {
    var whole = 0
    for chunk in chunks.indices {
      let leading = leadingFree(chunk)
      if whole * Self.chunkSize + leading >= count { return (chunk - whole) * Self.chunkSize }
      whole = leading == Self.chunkSize ? whole + 1 : 0
    }
    return nil
  }

  private func leadingFree(_ chunk: Int) -> Int {
    var count = 0
    for word in 0..<Self.wordCount {
      let free = chunks[chunk].taken[word].trailingZeroBitCount
      count += free
      if free < 64 { break }
    }
    return count
  }

  /// Takes granules that are free, in chunks that are open.
  mutating func take(_ range: Range<Int>) { change(range, isTaken: true) }

  /// Frees granules that are taken; traps where they are not.
  mutating func free(_ range: Range<Int>) { change(range, isTaken: false) }

  private mutating func change(_ range: Range<Int>, isTaken: Bool) {
    var next = range.lowerBound
    while next < range.upperBound {
      let chunk = next / Self.chunkSize
      let first = next % Self.chunkSize
      let end = min(Self.chunkSize, first + range.upperBound - next)
      mark(chunk, first..<end, isTaken: isTaken)
      chunks[chunk].takenCount += isTaken ? end - first : first - end
      update(chunk)
      next += end - first
    }
    takenCount += isTaken ? range.count : -range.count
  }

  private mutating func mark(_ chunk: Int, _ range: Range<Int>, isTaken: Bool) {
    var next = range.lowerBound
    while next < range.upperBound {
      let word = next / 64
      let bit = next % 64
      let count = min(64 - bit, range.upperBound - next)
      let mask = (count == 64 ? UInt64.max : (1 << UInt64(count)) - 1) << UInt64(bit)
      let before = chunks[chunk].taken[word]
      precondition(before & mask == (isTaken ? 0 : mask), "memory is taken once, and freed once")
      chunks[chunk].taken[word] = before ^ mask
      next += count
    }
  }

  /// The first run of `count` free granules in a chunk.
  private func run(in chunk: Int, atLeast count: Int) -> Int? {
    var found: Int?
    forEachRun(in: chunk) { first, length in
      if found == nil, length >= count { found = first }
    }
    return found
  }

  private func forEachRun(in chunk: Int, _ body: (_ first: Int, _ length: Int) -> Void) {
    var first = 0
    var length = 0
    for word in 0..<Self.wordCount {
      var taken = chunks[chunk].taken[word]
      var left = 64
      while left > 0 {
        let free = min(taken.trailingZeroBitCount, left)
        length += free
        left -= free
        if left == 0 { break }
        taken >>= UInt64(free)
        let used = min((~taken).trailingZeroBitCount, left)
        if length > 0 { body(first, length) }
        left -= used
        taken = used == 64 ? 0 : taken >> UInt64(used)
        first = (word + 1) * 64 - left
        length = 0
      }
    }
    if length > 0 { body(first, length) }
  }

  private mutating func update(_ chunk: Int) {
    var most = 0
    if chunks[chunk].isOpen { forEachRun(in: chunk) { _, length in most = max(most, length) } }
    var node = leaves + chunk
    longest[node] = Int16(most)
    while node > 1 {
      node /= 2
      longest[node] = max(longest[2 * node], longest[2 * node + 1])
    }
  }
}
