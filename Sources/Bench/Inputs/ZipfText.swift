// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Makes text in which a word of rank r comes up about 1/r times as often as the first: lines of
/// words with one space between them. The same size always gives the same bytes.
///
/// There are a million words. A gigabyte holds nearly all of them, a hundred megabytes most.
package struct ZipfText {
  /// Ranks are below two to this power.
  private static let rankBits: UInt64 = 20

  private var random = SplitMix(state: 1)
  /// All words, one behind the other, the most frequent first; `starts` has one more than words.
  private var letters: [UInt8] = []
  private var starts: [Int] = [0]

  package init() {
    for rank in 0..<(1 << Int(Self.rankBits)) {
      Self.append(rank, to: &letters)
      starts.append(letters.count)
    }
  }

  /// A rank as syllables: it is written with eighty digits from 1 up, so that every rank has its
  /// own word and frequent words are short.
  private static func append(_ rank: Int, to letters: inout [UInt8]) {
    let consonants = Array("tnshrdlcmwfgpbvk".utf8)
    let vowels = Array("eaoiu".utf8)
    var rest = rank + 1
    while rest > 0 {
      let digit = (rest - 1) % 80
      rest = (rest - 1) / 80
      letters.append(consonants[digit % 16])
      letters.append(vowels[digit / 16])
    }
  }

  /// Appends whole lines, at least `count` bytes.
  package mutating func append(atLeast count: Int, to buffer: inout ByteBuffer) {
    let end = buffer.count + count
    while buffer.count < end { appendLine(to: &buffer) }
  }

  private mutating func appendLine(to buffer: inout ByteBuffer) {
    // Lines have 1 to 16 words.
    for _ in 0..<random.next() % 16 {
      appendWord(to: &buffer)
      buffer.append(0x20 as UInt8)
    }
    appendWord(to: &buffer)
    buffer.append(0x0A as UInt8)
  }

  private mutating func appendWord(to buffer: inout ByteBuffer) {
    // The rank's highest bit is drawn evenly, then its lower bits.
    let bits = random.next()
    let high: UInt64 = 1 << (bits % Self.rankBits)
    let rank = Int(high | (bits >> 32) & (high - 1)) - 1
    letters.withBytes { all in buffer.append(all[starts[rank]..<starts[rank + 1]]) }
  }
}

/// The generator of Steele, Lea and Flood: the same numbers on every machine.
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
