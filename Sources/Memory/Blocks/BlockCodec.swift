// SPDX-License-Identifier: Apache-2.0
import CSystem

/// Compresses and expands blocks with LZ4, where this build has it.
package enum BlockCodec {
  /// Whether this build has LZ4.
  package static var isAvailable: Bool { mapred_lz4_available() != 0 }

  /// Appends the compressed bytes where that saves at least an eighth; false where it does not.
  package static func compress(_ source: Bytes, to target: inout ByteBuffer) -> Bool {
    guard isAvailable, source.count >= 64, let count = Int32(exactly: source.count) else {
      return false
    }
    let room = source.count - source.count / 8
    var written = 0
    unsafe target.appendRaw(room: room) { place in
      unsafe written = Int(mapred_lz4_compress(source.base, count, place, Int32(room)))
      return written
    }
    return written > 0
  }

  /// Appends `rawCount` expanded bytes; false where the source is damaged.
  package static func expand(
    _ source: Bytes, rawCount: Int, to target: inout ByteBuffer
  ) -> Bool {
    guard let count = Int32(exactly: source.count), let room = Int32(exactly: rawCount) else {
      return false
    }
    var written: Int32 = 0
    unsafe target.appendRaw(room: rawCount) { place in
      unsafe written = mapred_lz4_decompress(source.base, count, place, room)
      return Int(max(written, 0))
    }
    return written == room
  }
}
