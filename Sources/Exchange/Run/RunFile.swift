// SPDX-License-Identifier: Apache-2.0
package import Memory

/// The file form of a result: blocks of frames in key order, an index, and a digest.
///
/// ```
/// header   "MAPREDR1" · u32 length · description
///          ("name=…;shape=…;order=…;key=…;value=…", and ";spread=…" where there were partitions)
/// block    u32 stored bytes · u32 raw bytes · u32 records · u32 codec (0 none, 1 LZ4)
///          u64 XXH64 of the 16 bytes before it and of the stored bytes · stored bytes (any number)
/// index    varint blocks · for each: varint offset · varint records · counted first key
/// footer   u64 index offset · u64 XXH64 of the index · u64 records · u64 digest
///          u64 XXH64 of the header and of the 32 bytes before it · "MAPREDR1"
/// ```
///
/// All fixed numbers are little-endian. The digest is the XXH64 of all frames, one behind the
/// other: equal digests mean equal results, however they are cut into blocks.
package enum RunFile {
  package static let magic: StaticString = "MAPREDR1"
  package static let blockHeaderBytes = 24
  package static let footerBytes = 48

  /// What a block's header says.
  package struct BlockHeader: Sendable {
    package let storedBytes: Int
    package let rawBytes: Int
    package let records: Int
    package let isCompressed: Bool
    package let checksum: UInt64

    /// Writes all but the checksum.
    func encode(to buffer: inout ByteBuffer) {
      buffer.appendLittleEndian(UInt32(storedBytes))
      buffer.appendLittleEndian(UInt32(rawBytes))
      buffer.appendLittleEndian(UInt32(records))
      buffer.appendLittleEndian(isCompressed ? 1 : 0 as UInt32)
    }

    func checksum(over stored: Bytes) -> UInt64 {
      var fields = ByteBuffer(capacity: 16)
      encode(to: &fields)
      var checksum = Checksum()
      checksum.update(fields.bytes)
      checksum.update(stored)
      return checksum.value
    }
  }

  /// A line of the index.
  package struct IndexEntry: Sendable {
    package let offset: Int
    package let records: Int
    package let firstKey: [UInt8]
  }

  /// Encodes one block of `records` frames.
  package static func encodeBlock(
    _ frames: Bytes, records: Int, to buffer: inout ByteBuffer
  ) {
    var payload = ByteBuffer(capacity: frames.count)
    let isCompressed = BlockCodec.compress(frames, to: &payload)
    if !isCompressed { payload.append(frames) }
    let header = BlockHeader(
      storedBytes: payload.count, rawBytes: frames.count, records: records,
      isCompressed: isCompressed, checksum: 0)
    header.encode(to: &buffer)
    buffer.appendLittleEndian(header.checksum(over: payload.bytes))
    buffer.append(payload.bytes)
  }

  package static func blockHeader(
    _ bytes: Bytes
  ) throws(ByteReader.Damaged) -> BlockHeader {
    var reader = ByteReader(bytes)
    let stored = try reader.littleEndian(UInt32.self)
    let raw = try reader.littleEndian(UInt32.self)
    let records = try reader.littleEndian(UInt32.self)
    let codec = try reader.littleEndian(UInt32.self)
    guard codec <= 1 else { throw ByteReader.Damaged() }
    return BlockHeader(
      storedBytes: Int(stored), rawBytes: Int(raw), records: Int(records),
      isCompressed: codec == 1, checksum: try reader.littleEndian(UInt64.self))
  }

  /// Appends the frames of a stored block, once its checksum agrees.
  package static func decodeBlock(
    _ header: BlockHeader, _ stored: Bytes, to frames: inout ByteBuffer
  ) throws(ByteReader.Damaged) {
    guard stored.count == header.storedBytes, header.checksum(over: stored) == header.checksum
    else {
      throw ByteReader.Damaged()
    }
    if header.isCompressed {
      guard BlockCodec.expand(stored, rawCount: header.rawBytes, to: &frames) else {
        throw ByteReader.Damaged()
      }
    } else {
      frames.append(stored)
    }
  }

  package static func encodeHeader(
    name: String, _ schema: ResultSchema, spread: RunSpread = .one, to buffer: inout ByteBuffer
  ) {
    let description =
      "name=\(name);shape=\(schema.shape.rawValue);order=\(schema.order.rawValue);"
      + "key=\(schema.key);value=\(schema.value)\(spread.text.map { ";spread=\($0)" } ?? "")"
    buffer.append(magic)
    buffer.appendLittleEndian(UInt32(description.utf8.count))
    buffer.append(description)
  }

  /// Reads the header: the result's name and schema, and how its records were spread.
  package static func decodeHeader(
    _ reader: inout ByteReader
  ) throws(ByteReader.Damaged) -> (name: String, schema: ResultSchema, spread: RunSpread) {
    guard try reader.take(8) == Bytes(magic) else { throw ByteReader.Damaged() }
    let length = Int(try reader.littleEndian(UInt32.self))
    let description = String(try reader.take(length))
    var fields: [String: String] = [:]
    for field in description.split(separator: ";") {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
    guard let name = fields["name"],
      let shape = fields["shape"].flatMap(ResultSchema.Shape.init(rawValue:)),
      let order = fields["order"].flatMap(ResultSchema.Order.init(rawValue:)),
      let key = fields["key"].flatMap({ TypeCode($0) }),
      let value = fields["value"].flatMap({ TypeCode($0) }),
      let spread = RunSpread(fields["spread"])
    else { throw ByteReader.Damaged() }
    return (name, ResultSchema(key: key, value: value, shape: shape, order: order), spread)
  }

  /// Encodes index and footer.
  package static func encodeEnd(
    _ index: [IndexEntry], at offset: Int, records: Int, digest: UInt64,
    header: Bytes, to buffer: inout ByteBuffer
  ) {
    var encoded = ByteBuffer(capacity: 4096)
    encoded.appendVarint(UInt64(index.count))
    for entry in index {
      encoded.appendVarint(UInt64(entry.offset))
      encoded.appendVarint(UInt64(entry.records))
      encoded.appendVarint(UInt64(entry.firstKey.count))
      entry.firstKey.withBytes { encoded.append($0) }
    }
    var fields = ByteBuffer(capacity: 32)
    fields.appendLittleEndian(UInt64(offset))
    fields.appendLittleEndian(Checksum.of(encoded.bytes))
    fields.appendLittleEndian(UInt64(records))
    fields.appendLittleEndian(digest)
    var checksum = Checksum()
    checksum.update(header)
    checksum.update(fields.bytes)
    buffer.append(encoded.bytes)
    buffer.append(fields.bytes)
    buffer.appendLittleEndian(checksum.value)
    buffer.append(magic)
  }

  /// Checks that header and footer are those that were written together. `header` reaches up to
  /// the first block.
  package static func checkEnds(
    header: Bytes, footer: Bytes, _ decoded: Footer
  ) throws(ByteReader.Damaged) {
    var checksum = Checksum()
    checksum.update(header)
    checksum.update(footer[0..<32])
    guard checksum.value == decoded.checksum else { throw ByteReader.Damaged() }
  }

  /// What the footer says.
  package struct Footer: Sendable {
    package let indexOffset: Int
    package let indexChecksum: UInt64
    package let records: Int
    package let digest: UInt64
    /// Over header and footer.
    package let checksum: UInt64
  }

  package static func decodeFooter(_ bytes: Bytes) throws(ByteReader.Damaged) -> Footer {
    var reader = ByteReader(bytes)
    let offset = try reader.littleEndian(UInt64.self)
    let checksum = try reader.littleEndian(UInt64.self)
    let records = try reader.littleEndian(UInt64.self)
    let digest = try reader.littleEndian(UInt64.self)
    let ends = try reader.littleEndian(UInt64.self)
    guard try reader.take(8) == Bytes(magic), let place = Int(exactly: offset),
      let count = Int(exactly: records)
    else { throw ByteReader.Damaged() }
    return Footer(
      indexOffset: place, indexChecksum: checksum, records: count, digest: digest,
      checksum: ends)
  }

  package static func decodeIndex(
    _ bytes: Bytes, _ footer: Footer
  ) throws(ByteReader.Damaged) -> [IndexEntry] {
    guard Checksum.of(bytes) == footer.indexChecksum else { throw ByteReader.Damaged() }
    var reader = ByteReader(bytes)
    var entries: [IndexEntry] = []
    for _ in 0..<(try reader.length()) {
      let offset = Int(truncatingIfNeeded: try reader.varint())
      let records = Int(truncatingIfNeeded: try reader.varint())
      let key = Array(try reader.take(try reader.length()))
      entries.append(IndexEntry(offset: offset, records: records, firstKey: key))
    }
    return entries
  }
}

extension RunFile.IndexEntry {
  package init(at offset: Int, records: Int, firstKey: [UInt8]) {
    self.init(offset: offset, records: records, firstKey: firstKey)
  }
}
