// SPDX-License-Identifier: Apache-2.0
package import Environment
import Memory

/// What stands before the bytes of a push in the stream to a peer.
///
/// As bytes, little-endian: owner (1), kind (1), check (2), byte count (4), offset (8). The check
/// is folded from all the others: a stream that slipped is found at its next header.
package struct FrameHeader: Sendable, Hashable {
  package static let byteCount = 16

  /// The most bytes of one frame's body; a longer push is cut into several frames.
  package static let bodyBytesMaximum = 1 << 30

  /// The first word but for the check, which is zero in it.
  private let word: UInt64
  package let offset: UInt64

  package init(owner: Int, kind: RegionKind, offset: Int, byteCount: Int) {
    word = UInt64(UInt8(owner)) | UInt64(kind.rawValue) << 8 | UInt64(UInt32(byteCount)) << 32
    self.offset = UInt64(offset)
  }

  /// Nil where the check does not agree.
  init?(_ first: UInt64, _ second: UInt64) {
    word = first & ~Self.checkMask
    offset = second
    guard first == checkedWord else { return nil }
  }

  private static let checkMask: UInt64 = 0xFFFF << 16

  var owner: Int { Int(UInt8(truncatingIfNeeded: word)) }
  var kindValue: UInt8 { UInt8(truncatingIfNeeded: word >> 8) }
  var byteCount: Int { Int(word >> 32) }

  /// The first word as it is sent. O(1), and never zero for a frame with bytes.
  package var checkedWord: UInt64 {
    var mixed = (word ^ offset &* 0x9E37_79B9_7F4A_7C15) &* 0xC2B2_AE3D_27D4_EB4F
    // The highest bits reach the check on the second way only.
    mixed = (mixed ^ mixed >> 32) &* 0xD6E8_FEB8_6659_FD93
    return word | (mixed >> 48) << 16
  }

  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: checkedWord, bytes: 8)
    bytes.append(number: offset, bytes: 8)
    return bytes
  }
}
