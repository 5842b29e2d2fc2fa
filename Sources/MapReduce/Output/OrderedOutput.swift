// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

/// Makes chunks on all threads and writes them in order, with a bounded number under way.
final class OrderedOutput: @unchecked Sendable {
  // Sendable because mutable state is only touched under `monitor`.
  private final class Made: @unchecked Sendable {
    // Sendable because it is handed from the thread that fills it to the one that writes it.
    var buffer = ByteBuffer(capacity: Limits.outputChunkBytes + Limits.outputChunkBytes / 4)
  }

  private let count: Int
  private let window: Int
  private let monitor = Monitor()
  private var nextToMake = 0
  private var nextToWrite = 0
  private var isWriting = false
  private var made: [Int: Made] = [:]
  /// Buffers that were written: used again, so that their pages are touched once.
  private var spare: [Made] = []
  private var failure: (any Error)?
  private let cancellation: Cancellation
  private let make: @Sendable (Int, inout ByteBuffer) throws -> Void
  private let write: @Sendable (Int, Bytes) throws -> Void

  /// - Parameters:
  ///   - make: Fills a buffer with chunk `index`; called on any thread.
  ///   - write: Writes chunk `index`; called in order, by one thread at a time.
  init(
    count: Int, threads: Int, cancellation: Cancellation,
    make: @escaping @Sendable (Int, inout ByteBuffer) throws -> Void,
    write: @escaping @Sendable (Int, Bytes) throws -> Void
  ) {
    self.count = count
    window = 4 * threads
    self.cancellation = cancellation
    self.make = make
    self.write = write
  }

  func run(threads: Int) throws {
    try Threads.run(max(1, min(threads, count))) { [self] _ in
      do {
        try work()
      } catch {
        monitor.withLock {
          if failure == nil { failure = error }
          monitor.signalAll()
        }
      }
    }
    if let failure { throw failure }
  }

  private func work() throws {
    while let index = take() {
      if cancellation.isCancelled { throw InlineRunner.interrupted }
      let chunk = monitor.withLock { spare.popLast() } ?? Made()
      chunk.buffer.removeAll()
      try make(index, &chunk.buffer)
      monitor.withLock { made[index] = chunk }
      try writeReady()
    }
  }

  private func take() -> Int? {
    monitor.withLock {
      while failure == nil, nextToMake < count, nextToMake >= nextToWrite + window {
        monitor.wait()
      }
      guard failure == nil, nextToMake < count else { return nil }
      defer { nextToMake += 1 }
      return nextToMake
    }
  }

  /// Writes what is next in order, unless another thread is at it: that one will see our chunk.
  private func writeReady() throws {
    while true {
      let next: (Int, Made)? = monitor.withLock {
        guard !isWriting, failure == nil, let chunk = made.removeValue(forKey: nextToWrite) else {
          return nil
        }
        isWriting = true
        return (nextToWrite, chunk)
      }
      guard let (index, chunk) = next else { return }
      let outcome = Result { try write(index, chunk.buffer.bytes) }
      monitor.withLock {
        isWriting = false
        nextToWrite += 1
        spare.append(chunk)
        monitor.signalAll()
      }
      try outcome.get()
    }
  }
}
