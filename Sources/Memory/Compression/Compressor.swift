// SPDX-License-Identifier: Apache-2.0
import CSystem

/// Makes frames, one after the other, each with a checksum of its text. Used by one thread at a
/// time; costly to make (up to some MiB), so it is kept from frame to frame.
@safe
package final class Compressor {
  // Safe because its one owner makes, uses and frees the state, by calls of the same library.
  private let stream: UnsafePointer<mapred_stream>
  private let state: UnsafeMutableRawPointer

  /// The library is given the text piece by piece, so that a long one needs no long target.
  private static let pieceBytes = 1 << 20

  package init(_ compression: Compression) throws(Compression.Failure) {
    guard let found = unsafe compression.stream else { throw .isMissing }
    guard let made = unsafe found.pointee.begin_encoding() else { throw .lacksMemory }
    unsafe stream = found
    unsafe state = made
  }

  deinit { unsafe stream.pointee.end_encoding(state) }

  /// Appends `text` to the frame that is open, or opens one; ends the frame where it is the last.
  package func append(
    _ text: Bytes, isLast: Bool, to target: inout ByteBuffer
  ) throws(Compression.Failure) {
    var rest = text
    while isLast || !rest.isEmpty {
      let piece = rest[0..<min(rest.count, Self.pieceBytes)]
      let step = try step(piece, isLast: isLast && piece.count == rest.count, &target)
      if step.isEnd { return }
      rest = rest[step.taken..<rest.count]
    }
  }

  private func step(
    _ piece: Bytes, isLast: Bool, _ target: inout ByteBuffer
  ) throws(Compression.Failure) -> Compression.Step {
    let room = unsafe stream.pointee.room(piece.count)
    var step = mapred_stream_step()
    unsafe target.appendRaw(room: room) { place in
      unsafe step = stream.pointee.encode(
        state, piece.base, piece.count, place, room, isLast ? 1 : 0)
      return step.made
    }
    return try Compression.Step(step)
  }
}
