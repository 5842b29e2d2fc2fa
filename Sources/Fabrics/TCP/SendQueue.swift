// SPDX-License-Identifier: Apache-2.0
import Environment
import Glibc
import Memory
import Vocabulary

/// What waits to be sent to one peer, in order: headers and cells as copies, payload as places.
///
/// Frames are queued and then sent with as few calls as possible. A peer that stops reading lets
/// the queue grow by 16 bytes for each frame, by the cells, and by payload that is shorter than a
/// descriptor is worth; the protocol's window bounds all of them, because a sender waits for
/// receivers' columns. Memory that a burst took is kept for the next one.
@safe final class SendQueue {
  // Safe because copies stand in memory that this object owns, and are read between `head` and
  // `tail` alone; places of payload lie in segments, which the fabric holds for longer.

  /// Payload up to this size is copied: a descriptor costs the system as much.
  static let copiedBytesMaximum = 256
  /// Descriptors in one call; the system's limit is 1024.
  static let vectorMaximum = 512

  @safe private struct Piece {
    // Safe as its queue is: what it points at is read where the queue says so.
    /// Where payload is; nil for copies.
    let place: UnsafeRawPointer?
    var count: Int
  }

  private var copies: UnsafeMutableRawPointer
  private var capacity = 4096
  private var head = 0
  private var tail = 0
  private var pieces: [Piece] = []
  private var first = 0

  init() {
    unsafe copies = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
  }

  deinit { unsafe copies.deallocate() }

  var isEmpty: Bool { first == pieces.count }

  /// Queues a push out of `view`, as one frame or, where it is very long, as several.
  func append(_ push: Push, from view: SegmentView) {
    var offset = push.offset
    while offset < push.end {
      let count = min(push.end - offset, FrameHeader.bodyBytesMaximum)
      append(
        FrameHeader(owner: push.owner.index, kind: push.kind, offset: offset, byteCount: count))
      let body = view.bytes(offset, count)
      if push.kind == .cells {
        precondition((offset | count) & 7 == 0, "cells are whole")
        let place = reserve(count)
        var at = 0
        while at < count {
          // One load for each cell, so that none is carried in pieces.
          unsafe (copies + place + at).storeBytes(of: view.load(offset + at), as: UInt64.self)
          at += 8
        }
      } else if count <= Self.copiedBytesMaximum {
        let place = reserve(count)
        unsafe body.withRaw { unsafe copyBytes(copies + place, $0, $1) }
      } else {
        unsafe body.withRaw { unsafe pieces.append(Piece(place: $0, count: $1)) }
      }
      offset += count
    }
  }

  private func append(_ header: FrameHeader) {
    let place = reserve(FrameHeader.byteCount)
    unsafe (copies + place).storeBytes(of: header.checkedWord.littleEndian, as: UInt64.self)
    unsafe (copies + place + 8).storeBytes(of: header.offset.littleEndian, as: UInt64.self)
  }

  /// Makes room for `count` copied bytes behind everything that waits, and returns where.
  private func reserve(_ count: Int) -> Int {
    if tail + count > capacity { makeRoom(count) }
    let place = tail
    tail += count
    if first < pieces.count, unsafe pieces[pieces.count - 1].place == nil {
      pieces[pieces.count - 1].count += count
    } else {
      unsafe pieces.append(Piece(place: nil, count: count))
    }
    return place
  }

  private func makeRoom(_ count: Int) {
    let used = tail - head
    let wanted = max(capacity, 2 * (used + count))
    let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
    unsafe fresh.copyMemory(from: copies + head, byteCount: used)
    unsafe copies.deallocate()
    unsafe copies = fresh
    capacity = wanted
    head = 0
    tail = used
  }

  /// Describes what comes next, for one call; `vectors` has room for `vectorMaximum`.
  func describe(_ vectors: UnsafeMutablePointer<iovec>) -> (vectors: Int, bytes: Int) {
    let used = min(pieces.count - first, Self.vectorMaximum)
    var place = head
    var bytes = 0
    for index in 0..<used {
      let piece = pieces[first + index]
      let base = unsafe piece.place ?? UnsafeRawPointer(copies + place)
      if unsafe piece.place == nil { place += piece.count }
      unsafe vectors[index] = unsafe iovec(
        iov_base: UnsafeMutableRawPointer(mutating: base), iov_len: piece.count)
      bytes += piece.count
    }
    return (used, bytes)
  }

  /// Forgets `sent` bytes at the front.
  func advance(_ sent: Int) {
    var rest = sent
    while rest > 0 {
      let piece = pieces[first]
      let count = min(rest, piece.count)
      let place = unsafe piece.place.map { unsafe $0 + count }
      if unsafe piece.place == nil { head += count }
      rest -= count
      if count == piece.count {
        first += 1
      } else {
        pieces[first] = unsafe Piece(place: place, count: piece.count - count)
      }
    }
    if first == pieces.count {
      removeAll()
    } else if first >= 1024, first > pieces.count / 2 {
      // A queue that is never empty gives back what it has sent.
      pieces.removeFirst(first)
      first = 0
    }
  }

  func removeAll() {
    pieces.removeAll(keepingCapacity: true)
    first = 0
    head = 0
    tail = 0
  }
}
