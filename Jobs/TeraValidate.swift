// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Checks that lines are in order, and counts them.
struct TeraValidate: Job {
  static let name = "teravalidate"
  static let abstract = "Checks that lines are in order, and sums them up."

  @Argument(help: "Files to check, in order.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .keyed { line in (true, SortedRange(line)) }
      .reduce { $0.followed(by: $1) }
      .values
      .map { Validation(lines: $0.lines, disorders: $0.disorders, checksum: $0.checksum) }
      .write(.result("validation"))
  }
}

/// What a check found. Input and output of a sort have the same `lines` and `checksum`, and the
/// output has no `disorders`.
struct Validation: Codable, Record {
  var lines: Int
  var disorders: Int
  var checksum: UInt64
}

/// What is known of some neighbouring lines. `reduce` keeps the order of the input, so that ranges
/// can be put together end to end.
///
/// Its bytes are written by hand: a line can be long, and a `Codable` array of bytes takes a tagged
/// node for each of them.
struct SortedRange: Record {
  var lines = 1
  /// Places where a line is below the one before it.
  var disorders = 0
  /// The sum of a hash of every line: equal for equal lines in any order.
  var checksum: UInt64
  var first: [UInt8]
  var last: [UInt8]

  init(_ line: Bytes) {
    first = Array(line)
    last = first
    // FNV-1a, 64 bits.
    checksum = 0xCBF2_9CE4_8422_2325
    for byte in line { checksum = (checksum ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  static var typeCode: TypeCode {
    .tuple([Int.typeCode, Int.typeCode, UInt64.typeCode, .bytes, .bytes])
  }

  func encode(into target: inout RecordWriter) {
    lines.encode(into: &target)
    disorders.encode(into: &target)
    checksum.encode(into: &target)
    first.encode(into: &target)
    last.encode(into: &target)
  }

  init(from source: inout RecordReader) throws {
    lines = try Int(from: &source)
    disorders = try Int(from: &source)
    checksum = try UInt64(from: &source)
    first = try [UInt8](from: &source)
    last = try [UInt8](from: &source)
  }

  func followed(by next: SortedRange) -> SortedRange {
    var whole = self
    whole.lines += next.lines
    whole.disorders += next.disorders + (next.first.lexicographicallyPrecedes(last) ? 1 : 0)
    whole.checksum &+= next.checksum
    whole.last = next.last
    return whole
  }
}
