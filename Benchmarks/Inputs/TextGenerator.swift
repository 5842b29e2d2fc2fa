// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// Makes text that has some of the shape of real text: a few words make up most of it, many are
/// rare, lines are of uneven length. The same size always gives the same bytes.
struct TextGenerator {
  private var random = SplitMix(state: 1)
  /// All words, one behind the other, the most frequent first; `starts` has one more than words.
  private var letters: [UInt8] = []
  private var starts: [Int] = [0]

  /// A word of rank r comes up about 1/r times as often as the first.
  private static let ranks: UInt64 = 18

  private init() {
    let alphabet = Array("etaoinshrdlcumwfgypbvkjxqz0123456789".utf8)
    for rank in 0..<(1 << Int(Self.ranks)) {
      // Frequent words are short, as in any language.
      let rarity = Int.bitWidth - rank.leadingZeroBitCount
      let length = 1 + rarity / 4 + Int(random.next() % 6)
      for _ in 0..<length {
        // The lower of two draws: some letters are more frequent than others.
        let draw = min(random.next() % 36, random.next() % 36)
        letters.append(alphabet[Int(draw)])
      }
      starts.append(letters.count)
    }
  }

  static func write(bytes: Int, to path: String) throws {
    var generator = TextGenerator()
    let output = try Files.create(path)
    defer { close(output) }
    var buffer = ByteBuffer(capacity: 1 << 20)
    var left = bytes
    while left > 0 {
      buffer.removeAll()
      while buffer.count < min(left, 1 << 19) { generator.appendLine(to: &buffer) }
      buffer.truncate(to: min(left, buffer.count))
      left -= buffer.count
      try Files.write(buffer.bytes, to: output)
    }
  }

  private mutating func appendLine(to buffer: inout ByteBuffer) {
    let bits = random.next()
    // One line in eight is empty, the others have up to 96 bytes and a word.
    let end = buffer.count + (bits & 7 == 0 ? 0 : Int(bits >> 8 % 96))
    while buffer.count < end {
      appendWord(to: &buffer)
      let separator = random.next() & 31
      let text: StaticString =
        separator < 3 ? ", " : separator < 5 ? "->" : separator < 6 ? "(" : " "
      buffer.append(text)
    }
    buffer.append(0x0A as UInt8)
  }

  private mutating func appendWord(to buffer: inout ByteBuffer) {
    // The rank's highest bit is drawn evenly, then its lower bits.
    let bits = random.next()
    let high: UInt64 = 1 << (bits % Self.ranks)
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
