// SPDX-License-Identifier: Apache-2.0
import CSystem

/// Expands frames that stand one behind the other, in pieces of any size. Used by one thread at a
/// time; of no use any more once it has thrown.
@safe
package final class Decompressor {
  // Safe because its one owner makes, uses and frees the state, by calls of the same library.
  private let stream: UnsafePointer<mapred_stream>
  private let state: UnsafeMutableRawPointer

  /// Bytes that were taken, of all frames.
  package private(set) var taken = 0
  /// Bytes that were made of them.
  package private(set) var made = 0
  /// Whether a frame has begun that has not ended.
  package private(set) var isInside = false

  package init(_ compression: Compression) throws(Compression.Failure) {
    guard let found = unsafe compression.stream else { throw .isMissing }
    guard let made = unsafe found.pointee.begin_decoding() else { throw .lacksMemory }
    unsafe stream = found
    unsafe state = made
  }

  deinit { unsafe stream.pointee.end_decoding(state) }

  /// Takes some of `source`, and appends what comes of it, at most `room` bytes; stops where a
  /// frame ends. Returns how many bytes were taken. Where `made` and `taken` stay as they were,
  /// inside of a frame, more has to come first.
  package func append(
    _ source: Bytes, room: Int, to target: inout ByteBuffer
  ) throws(Compression.Failure) -> Int {
    var raw = mapred_stream_step()
    unsafe target.appendRaw(room: room) { place in
      unsafe raw = stream.pointee.decode(state, source.base, source.count, place, room)
      return raw.made
    }
    let step = try Compression.Step(raw)
    taken += step.taken
    made += step.made
    isInside = step.isEnd ? false : isInside || step.taken > 0
    return step.taken
  }
}
