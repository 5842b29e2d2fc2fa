// SPDX-License-Identifier: Apache-2.0
import Vocabulary

/// What stands in a sender's ring of small messages: a word that says what follows it.
///
/// Every message of a sender has an entry here, in its order, large ones too: theirs says where in
/// the ring of blocks the bytes are. So the ring alone decides the sender's order, and the two ways
/// of a message, small and in blocks, need no merging.
enum RingEntry: Equatable {
  /// A message of so many bytes, which follow, padded to whole words.
  case message(Int)
  /// So many skipped turns.
  case nulls(Int)
  /// A message of so many bytes; a word follows with its place in the ring of blocks.
  case blocks(Int)
  /// The rest of the ring up to its end is not used.
  case skip

  private static let kindShift: UInt64 = 56

  var word: UInt64 {
    switch self {
    case .message(let count): 1 << Self.kindShift | UInt64(count)
    case .nulls(let count): 2 << Self.kindShift | UInt64(count)
    case .blocks(let count): 3 << Self.kindShift | UInt64(count)
    case .skip: 4 << Self.kindShift
    }
  }

  /// The entry that a word says; nil where it says none.
  @inline(__always)
  init?(word: UInt64) {
    let number = Int(truncatingIfNeeded: word & (1 << Self.kindShift - 1))
    switch word >> Self.kindShift {
    case 1 where number <= Limits.messageBytes: self = .message(number)
    case 2 where number > 0 && number < 1 << 48: self = .nulls(number)
    case 3 where number <= Limits.messageBytes: self = .blocks(number)
    case 4: self = .skip
    default: return nil
    }
  }

  /// Bytes of an entry in the ring, from its word to the next one's.
  @inline(__always)
  var byteCount: Int {
    switch self {
    case .message(let count): 8 &+ (count &+ 7) & ~7
    case .blocks: 16
    case .nulls, .skip: 8
    }
  }
}
