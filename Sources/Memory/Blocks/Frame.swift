// SPDX-License-Identifier: Apache-2.0

/// One record in a block: varint of the key's length, varint of the value's length, key, value.
@usableFromInline package struct Frame {
  @usableFromInline package let key: Bytes
  @usableFromInline package let value: Bytes
  /// Length of the whole frame.
  @usableFromInline package let size: Int

  @inlinable @inline(__always) init(key: Bytes, value: Bytes, size: Int) {
    self.key = key
    self.value = value
    self.size = size
  }

  /// The bytes that a record takes.
  @inlinable @inline(__always)
  package static func size(keyCount: Int, valueCount: Int) -> Int {
    varintSize(UInt64(truncatingIfNeeded: keyCount))
      &+ varintSize(UInt64(truncatingIfNeeded: valueCount)) &+ keyCount &+ valueCount
  }

  /// Writes a frame, for whose size there is room; returns its length.
  @inlinable @inline(__always)
  static func write(_ target: UnsafeMutableRawPointer, key: Bytes, value: Bytes) -> Int {
    var at = 0
    if (key.count | value.count) < 0x80 {
      let lengths = UInt16(truncatingIfNeeded: key.count | value.count &<< 8)
      unsafe target.storeBytes(of: lengths.littleEndian, as: UInt16.self)
      at = 2
    } else {
      unsafe at = writeVarint(target, UInt64(key.count))
      unsafe at &+= writeVarint(target + at, UInt64(value.count))
    }
    unsafe copyBytes(target + at, key.base, key.count)
    unsafe copyBytes(target + at + key.count, value.base, value.count)
    return at &+ key.count &+ value.count
  }

  /// Reads the frame that our own writer put at `base`: no bounds are checked.
  @inlinable @inline(__always)
  package static func read(_ base: UnsafeRawPointer) -> Frame {
    var keyCount = Int(unsafe base.load(as: UInt8.self))
    var valueCount = Int(unsafe base.load(fromByteOffset: 1, as: UInt8.self))
    var at = 2
    if keyCount | valueCount >= 0x80 || keyCount >= 0x80 {
      at = 0
      unsafe keyCount = readLength(base, &at)
      unsafe valueCount = readLength(base, &at)
    }
    return unsafe Frame(
      key: Bytes(base + at, keyCount), value: Bytes(base + at + keyCount, valueCount),
      size: at &+ keyCount &+ valueCount)
  }

  @inlinable static func readLength(_ base: UnsafeRawPointer, _ at: inout Int) -> Int {
    var value = 0
    var shift = 0
    while true {
      let byte = unsafe base.load(fromByteOffset: at, as: UInt8.self)
      at &+= 1
      value |= Int(byte & 0x7F) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
  }
}

/// Walks over the frames of a block that this process wrote.
@usableFromInline package struct FrameCursor {
  @usableFromInline let block: Block
  @usableFromInline var offset = 0

  @inlinable package init(_ block: Block) { self.block = block }

  @inlinable @inline(__always) package var isAtEnd: Bool { offset >= block.count }

  @inlinable @inline(__always) package mutating func next() -> Frame? {
    guard offset < block.count else { return nil }
    let frame = unsafe Frame.read(UnsafeRawPointer(block.base) + offset)
    offset &+= frame.size
    return frame
  }
}

extension Block {
  /// Hands all frames to `body`, of a block that this process wrote.
  @inlinable @inline(__always) func forEach(_ body: (Frame) throws -> Void) rethrows {
    let (start, count) = unsafe (UnsafeRawPointer(base), count)
    var offset = 0
    while offset < count {
      let frame = unsafe Frame.read(start + offset)
      offset &+= frame.size
      try body(frame)
    }
  }

  /// Hands the frames from one up to another to `body`.
  @inlinable func forEach(
    _ first: Int, _ end: Int, _ body: (Frame) throws -> Void
  ) rethrows {
    var cursor = FrameCursor(self)
    var index = 0
    while index < end, let frame = cursor.next() {
      if index >= first { try body(frame) }
      index &+= 1
    }
  }
}

extension ByteBuffer {
  /// Appends a record as a frame.
  package mutating func appendFrame(key: Bytes, value: Bytes) {
    unsafe appendRaw(room: Frame.size(keyCount: key.count, valueCount: value.count)) { target in
      unsafe Frame.write(target, key: key, value: value)
    }
  }
}

extension ByteReader {
  /// Reads a frame out of bytes that are not trusted.
  package mutating func frame() throws(Damaged) -> Frame {
    let start = offset
    let keyCount = try length()
    let valueCount = try length()
    let key = try take(keyCount)
    let value = try take(valueCount)
    return Frame(key: key, value: value, size: offset - start)
  }
}
