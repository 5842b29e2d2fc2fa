// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Makes input for `terasort`: lines of 99 bytes, ten of which are a random key.
struct TeraGen: Job {
  static let name = "teragen"
  static let abstract = "Makes lines of 100 bytes with random keys of 10 bytes, for terasort."

  @Argument(help: "How many lines to make.") var count: Int
  @Option(help: "Equal seeds make equal lines.") var seed: UInt64 = 1

  func validate() throws {
    if count < 0 { throw ValidationError("a number of lines is not negative") }
  }

  func plan(_ flow: Flow) {
    let batch = 10_000
    let batches = stride(from: 0, to: count, by: batch).map { $0 }
    flow.read(.values(batches))
      .flatMap { [seed, count] first in
        (first..<Swift.min(first + batch, count)).lazy.map { teraLine(row: $0, seed: seed) }
      }
      .write(.result("lines"))
  }
}

/// Ten printable random bytes, a space, the row in 20 digits, a space, and letters up to 99 bytes.
func teraLine(row: Int, seed: UInt64) -> String {
  var line: [UInt8] = []
  line.reserveCapacity(99)
  var state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(row) &* 10
  for _ in 0..<10 {
    // SplitMix64 (Steele, Lea, Flood 2014): a good mix of a counter.
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state &>> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed &>> 27) &* 0x94D0_49BB_1331_11EB
    mixed ^= mixed &>> 31
    line.append(UInt8(0x20 + mixed % 95))
  }
  let digits = String(row).utf8
  line.append(0x20)
  for _ in digits.count..<20 { line.append(0x30) }
  line += digits
  line.append(0x20)
  for index in line.count..<99 { line.append(UInt8(0x41 + (row + index) % 26)) }
  return String(decoding: line, as: UTF8.self)
}
