// SPDX-License-Identifier: Apache-2.0

/// What a node and its executors have agreed on before they exchange a word.
package enum ExecutorBorder {
  /// Changes with every change of what crosses the border.
  package static let version: UInt64 = 6

  /// The verb under which a node starts the executable of a job.
  package static let verb = "__executor"

  /// The descriptors that an executor finds open, besides the standard ones.
  package static let socket: Int32 = 3
  package static let area: Int32 = 4
  package static let arena: Int32 = 5
  /// What of the arena lies in a file of a disk, behind the other; an empty one where nothing does.
  package static let arenaFile: Int32 = 6
  /// The executor's own scratch; no file where its node could not make one.
  package static let scratch: Int32 = 7

  /// The most bytes of one message: the names of a million files.
  package static let messageBytesMaximum = 256 << 20
}

/// The place in front of an executor's area where it says what it works on, so that the node can
/// tell after its death, and where the node says what it shall leave.
///
/// The executor's own code can write anywhere in it: the node believes nothing of it but for words.
package enum ExecutorMark {
  /// How much of the area it takes: blocks begin behind it, on a boundary of their own size.
  package static let byteCount = 64 << 10

  /// Cells, by their offset.
  package static let task = 0
  /// Grows with every chunk.
  package static let progress = 8
  /// The number of the task that is of no use any more: written by the node alone.
  package static let cancelled = 16
  /// Where in the file the chunk begins, and where in the chunk the line: ~0 where there is none.
  package static let chunk = 24
  package static let line = 32

  /// Texts: a word with their count of bytes, then their bytes.
  package static let stage = 256
  package static let path = 1024
  package static let stageBytesMaximum = 512
  package static let pathBytesMaximum = 4096
}
