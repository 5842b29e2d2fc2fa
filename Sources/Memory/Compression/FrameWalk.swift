// SPDX-License-Identifier: Apache-2.0

/// Walks over the frames of a file by the lengths in their headers, without expanding anything:
/// from the head of a frame to each of its blocks, and to the next frame.
///
/// gzip has no lengths: nobody finds the end of a member without expanding it.
package struct FrameWalk {
  /// The head of a frame.
  struct Head {
    let byteCount: Int
    /// Whether blocks follow; without them, the frame is one piece that readers pass over.
    let hasBlocks: Bool
    /// Bytes behind each block, and behind the last one.
    let blockTail: Int
    let frameTail: Int

    /// A frame that readers pass over.
    static func skipped(_ byteCount: Int) -> Head {
      Head(byteCount: byteCount, hasBlocks: false, blockTail: 0, frameTail: 0)
    }
  }

  /// The head of a block, with what follows it.
  struct Block {
    let byteCount: Int
    /// Whether it is the mark of the end, or the last one.
    let isLast: Bool
    let hasTail: Bool
  }

  /// The most bytes that a step looks at.
  package static let headBytes = 32

  /// Where the next step looks.
  package private(set) var offset = 0
  private let isZstd: Bool
  private var open: Head?

  /// Whether a frame begins at `offset`, or the file ends well.
  package var isBetweenFrames: Bool { open == nil }

  /// Nil where frames have no lengths.
  package init?(_ compression: Compression) {
    switch compression {
    case .gzip: return nil
    case .zstd: isZstd = true
    case .lz4: isZstd = false
    }
  }

  /// Goes on by one step. `bytes` begin at `offset`: 32 of them, or all up to the file's end.
  package mutating func step(_ bytes: Bytes) throws(ByteReader.Damaged) {
    var reader = ByteReader(bytes)
    guard let frame = open else {
      let head = isZstd ? try ZstdFrames.head(&reader) : try LZ4Frames.head(&reader)
      offset += head.byteCount
      if head.hasBlocks { open = head }
      return
    }
    let block = isZstd ? try ZstdFrames.block(&reader) : try LZ4Frames.block(&reader)
    offset += block.byteCount + (block.hasTail ? frame.blockTail : 0)
    guard block.isLast else { return }
    offset += frame.frameTail
    open = nil
  }

  /// The length of a frame that readers pass over, where this is one: both formats have the same.
  static func skipped(
    _ magic: UInt32, _ reader: inout ByteReader
  ) throws(ByteReader.Damaged) -> Head? {
    guard magic & 0xFFFF_FFF0 == 0x184D_2A50 else { return nil }
    return .skipped(8 + Int(try reader.littleEndian(UInt32.self)))
  }
}

/// The headers of zstd: RFC 8878, section 3.1.
enum ZstdFrames {
  static func head(_ reader: inout ByteReader) throws(ByteReader.Damaged) -> FrameWalk.Head {
    let magic = try reader.littleEndian(UInt32.self)
    if let skipped = try FrameWalk.skipped(magic, &reader) { return skipped }
    let descriptor = try reader.byte()
    // A reserved bit is set in no format that is known today.
    guard magic == 0xFD2F_B528, descriptor & 0x08 == 0 else { throw ByteReader.Damaged() }
    let isSingle = descriptor & 0x20 != 0
    let dictionary = [0, 1, 2, 4][Int(descriptor & 3)]
    let content = [isSingle ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    return FrameWalk.Head(
      byteCount: 5 + (isSingle ? 0 : 1) + dictionary + content, hasBlocks: true, blockTail: 0,
      frameTail: descriptor & 0x04 != 0 ? 4 : 0)
  }

  static func block(_ reader: inout ByteReader) throws(ByteReader.Damaged) -> FrameWalk.Block {
    let low = try reader.littleEndian(UInt16.self)
    let head = Int(low) | Int(try reader.byte()) << 16
    let size = head >> 3
    switch head >> 1 & 3 {
    // As it is, or compressed.
    case 0, 2: return FrameWalk.Block(byteCount: 3 + size, isLast: head & 1 == 1, hasTail: false)
    // One byte, many times.
    case 1: return FrameWalk.Block(byteCount: 4, isLast: head & 1 == 1, hasTail: false)
    default: throw ByteReader.Damaged()
    }
  }
}

/// The headers of LZ4 frames: the LZ4 frame format description, version 1.6.
enum LZ4Frames {
  static func head(_ reader: inout ByteReader) throws(ByteReader.Damaged) -> FrameWalk.Head {
    let magic = try reader.littleEndian(UInt32.self)
    if let skipped = try FrameWalk.skipped(magic, &reader) { return skipped }
    let flags = try reader.byte()
    guard magic == 0x184D_2204, flags >> 6 == 1, flags & 0x02 == 0 else {
      throw ByteReader.Damaged()
    }
    // Magic number, flags, block size, checksum of the head.
    let fields = 7 + (flags & 0x08 != 0 ? 8 : 0) + (flags & 0x01 != 0 ? 4 : 0)
    return FrameWalk.Head(
      byteCount: fields, hasBlocks: true, blockTail: flags & 0x10 != 0 ? 4 : 0,
      frameTail: flags & 0x04 != 0 ? 4 : 0)
  }

  static func block(_ reader: inout ByteReader) throws(ByteReader.Damaged) -> FrameWalk.Block {
    let head = try reader.littleEndian(UInt32.self)
    guard head != 0 else { return FrameWalk.Block(byteCount: 4, isLast: true, hasTail: false) }
    // The highest bit says that the block is stored as it is.
    return FrameWalk.Block(byteCount: 4 + Int(head & 0x7FFF_FFFF), isLast: false, hasTail: true)
  }
}
