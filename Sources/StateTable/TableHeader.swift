// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// What stands at the beginning of a segment: enough for an inspector, which knows nothing else, to
/// print the table of a live member. Written once, before the group forms.
package struct TableHeader: Sendable, Hashable {
  package let rank: Rank
  package let members: Int
  package let rowOffset: Int
  package let schema: TableSchema

  /// Bytes that are kept for the header: whole pages.
  package static let byteCount = 4 * Limits.pageBytes
  private static let magic: UInt64 = 0x3154_5353_4450_524D  // "MRPDSST1", little-endian

  package init(rank: Rank, members: Int, rowOffset: Int, schema: TableSchema) {
    self.rank = rank
    self.members = members
    self.rowOffset = rowOffset
    self.schema = schema
  }

  /// Writes the header into a member's own segment. A schema whose text is too long for it is left
  /// out from its first column that does not fit: the table works, and is printed without them.
  package func write(to segment: Segment) {
    var text: [UInt8] = []
    for line in schema.text.split(separator: "\n") {
      if 40 + text.count + line.utf8.count + 1 > Self.byteCount { break }
      text += line.utf8 + [10]
    }
    segment.writeWord(UInt64(rank.index), at: 8)
    segment.writeWord(UInt64(members), at: 16)
    segment.writeWord(UInt64(rowOffset), at: 24)
    segment.writeWord(UInt64(text.count), at: 32)
    for (index, byte) in text.enumerated() {
      segment.writeByte(byte, at: 40 + index)
    }
    segment.store(Self.magic, at: 0)
  }

  /// The header of a segment; nil where there is none, or a damaged one.
  package init?(of segment: Segment) {
    guard segment.byteCount >= Self.byteCount, segment.load(0) == Self.magic else { return nil }
    let rank = segment.word(8)
    let members = segment.word(16)
    let row = segment.word(24)
    let count = segment.word(32)
    guard members >= 1, members <= UInt64(Limits.members), rank < members,
      row <= UInt64(segment.byteCount), row % 8 == 0, count <= UInt64(Self.byteCount - 40),
      let text = String(validating: Array(segment.bytes(40, Int(count))), as: UTF8.self),
      let schema = TableSchema(text: text), Int(row) + schema.rowBytes <= segment.byteCount
    else { return nil }
    self.init(rank: Rank(Int(rank)), members: Int(members), rowOffset: Int(row), schema: schema)
  }
}
