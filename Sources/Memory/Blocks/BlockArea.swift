// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Vocabulary

/// Blocks out of one segment, which other processes see at the same offsets.
///
/// A block takes a run of neighbouring granules of the area, as many as its bytes need. Memory
/// behind the area may be asked of the system chunk by chunk, when it is first used, and given back
/// when nothing of a chunk is in use, so that a lack of memory is found here, and not where a page
/// is touched. Any thread may ask for blocks and let go of them.
package final class BlockArea: BlockOwner, BlockSupply, BlockSource {
  /// How memory behind an area comes and goes. Called with ranges of offsets, one at a time.
  package struct Backing: Sendable {
    let reserve: @Sendable (Range<Int>) -> Bool
    let release: @Sendable (Range<Int>) -> Void
    let write: (@Sendable (Bytes, _ offset: Int) -> Bool)?
    let spareBytes: Int

    /// `reserve` makes sure that there is memory, and is false where there is none; `release` gives
    /// it back. Up to `spareBytes` are kept though nothing of them is in use: what comes and goes
    /// all the time then costs no call of the system, and no page that is made anew. `write` puts
    /// bytes at an offset, and is false where that fails; without it, they are stored through the
    /// segment.
    package init(
      spareBytes: Int, reserve: @escaping @Sendable (Range<Int>) -> Bool,
      release: @escaping @Sendable (Range<Int>) -> Void,
      write: (@Sendable (Bytes, _ offset: Int) -> Bool)? = nil
    ) {
      self.spareBytes = spareBytes
      self.write = write
      self.reserve = reserve
      self.release = release
    }

    /// Memory that is there from the beginning.
    package static var present: Backing {
      Backing(spareBytes: .max, reserve: { _ in true }, release: { _ in })
    }
  }

  private struct State {
    var runs: FreeRuns
    /// Chunks that have memory, and of which nothing is in use.
    var spares = 0
    /// Below it, all chunks have memory.
    var firstClosed = 0
  }

  package let segment: Segment
  private let start: Int
  private let granuleBytes: Int
  private let granules: Int
  private let backing: Backing
  private let state: Mutex<State>

  /// An area of `segment` from byte `start` to its end, or to byte `end`, in granules of
  /// `granuleBytes`.
  package init(
    _ segment: Segment, from start: Int = 0, to end: Int? = nil, granuleBytes: Int,
    backing: Backing = .present
  ) {
    let end = end ?? segment.byteCount
    precondition(granuleBytes % 64 == 0 && start % 64 == 0, "blocks begin at cache lines")
    precondition(
      segment.isWritable && start <= end && end <= segment.byteCount, "an area can be written")
    self.segment = segment
    self.start = start
    self.granuleBytes = granuleBytes
    self.backing = backing
    granules = (end - start) / granuleBytes
    precondition(granules > 0, "an area has room for something")
    state = Mutex(State(runs: FreeRuns(granules)))
  }

  /// The most bytes that a block of it can have.
  package var byteCount: Int { granules * granuleBytes }

  /// Bytes of the blocks that are in use, in whole granules.
  package var takenBytes: Int { state.withLock { $0.runs.takenCount } * granuleBytes }

  /// An empty block of the usual size, or of `bytes`; nil where there is no room now.
  package func block(for bytes: Int) -> Block? { newBlock(of: max(bytes, Limits.blockBytes)) }

  package func block(copying bytes: Bytes, records: Int) -> Block? {
    guard let made = newBlock(of: bytes.count) else { return nil }
    guard let write = backing.write else {
      made.fill(bytes, records: records)
      return made
    }
    guard let offset = made.offset(in: segment), write(bytes, offset) else { return nil }
    made.seal(count: bytes.count, records: records)
    return made
  }

  private func newBlock(of bytes: Int) -> Block? {
    let count = max(1, (bytes + granuleBytes - 1) / granuleBytes)
    guard count <= granules, let place = state.withLock({ take(count, &$0) }) else { return nil }
    return Block(
      in: segment, offset: start + place * granuleBytes, capacity: count * granuleBytes,
      owner: self)
  }

  package func takeBack(offset: Int, capacity: Int) {
    let first = (offset - start) / granuleBytes
    state.withLock { give(first..<first + capacity / granuleBytes, &$0) }
  }

  private func take(_ count: Int, _ state: inout State) -> Int? {
    if count > FreeRuns.chunkSize { return takeChunks(count, &state) }
    var place = state.runs.find(count)
    if place == nil, openChunk(&state) { place = state.runs.find(count) }
    guard let place else { return nil }
    take(place..<place + count, &state)
    return place
  }

  private func take(_ range: Range<Int>, _ state: inout State) {
    for chunk in chunks(of: range) where state.runs.isEmpty(chunk) { state.spares -= 1 }
    state.runs.take(range)
  }

  private func chunks(of range: Range<Int>) -> Range<Int> {
    let last = (range.upperBound + FreeRuns.chunkSize - 1) / FreeRuns.chunkSize
    return range.lowerBound / FreeRuns.chunkSize..<last
  }

  private func bytes(of chunk: Int) -> Range<Int> {
    let first = chunk * FreeRuns.chunkSize
    let end = min(granules, first + FreeRuns.chunkSize)
    return (start + first * granuleBytes)..<(start + end * granuleBytes)
  }

  /// Asks for the memory of one more chunk.
  private func openChunk(_ state: inout State) -> Bool {
    let count = state.runs.chunkCount
    while state.firstClosed < count, state.runs.isOpen(state.firstClosed) {
      state.firstClosed += 1
    }
    return state.firstClosed < count && open(state.firstClosed, &state)
  }

  private func open(_ chunk: Int, _ state: inout State) -> Bool {
    guard backing.reserve(bytes(of: chunk)) else { return false }
    state.runs.setOpen(chunk, true)
    state.spares += 1
    return true
  }

  /// More granules than a chunk has: from the beginning of a chunk on.
  private func takeChunks(_ count: Int, _ state: inout State) -> Int? {
    guard let place = state.runs.findChunks(count) else { return nil }
    let range = place..<place + count
    for chunk in chunks(of: range) where !state.runs.isOpen(chunk) {
      guard open(chunk, &state) else {
        closeSpares(in: range, &state)
        return nil
      }
    }
    take(range, &state)
    return place
  }

  private func give(_ range: Range<Int>, _ state: inout State) {
    state.runs.free(range)
    for chunk in chunks(of: range) where state.runs.isEmpty(chunk) { state.spares += 1 }
    closeSpares(in: range, &state)
  }

  /// Gives memory back of which nothing is in use, where there is more of it than is kept.
  private func closeSpares(in range: Range<Int>, _ state: inout State) {
    for chunk in chunks(of: range) where state.runs.isOpen(chunk) && state.runs.isEmpty(chunk) {
      guard state.spares > backing.spareBytes / (FreeRuns.chunkSize * granuleBytes) else { return }
      backing.release(bytes(of: chunk))
      state.runs.setOpen(chunk, false)
      state.spares -= 1
      state.firstClosed = min(state.firstClosed, chunk)
    }
  }
}
