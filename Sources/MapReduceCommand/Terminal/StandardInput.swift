// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce
import Vocabulary

/// What is piped into a command.
enum StandardInput {
  /// All of it, where that is not too much.
  static func all(atMost maximum: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = unsafe read(STDIN_FILENO, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw JobError(.noInput, "cannot read standard input") }
      if count == 0 { return bytes }
      bytes += piece.prefix(count)
      guard bytes.count <= maximum else {
        throw JobError(
          .badInput, "standard input has more than \(ByteCount(maximum))",
          advice: "keep it elsewhere, and its place here")
      }
    }
  }
}
