// SPDX-License-Identifier: Apache-2.0
import CSystem
import Exchange
import Glibc
import Memory

/// The executor's end of the stream to its node. The node's death is its end.
final class ExecutorLink {
  private let descriptor: Int32
  private var outgoing = ByteBuffer(capacity: 64 << 10)
  private var incoming = ByteBuffer(capacity: 64 << 10)
  private var cutter = MessageCutter()
  /// Orders that came while another one was waited for.
  private var waiting: [ExecutorOrder] = []

  private static let pieceBytes = 64 << 10
  /// Far below any deadline: whoever waits says in between that it does.
  private static let soonMilliseconds: Int32 = 20

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Says a word, at the latest with the next `flush`.
  func say(_ word: ExecutorWord) {
    outgoing.append(message: { $0.append(word) })
    if outgoing.count >= Self.pieceBytes { flush() }
  }

  func flush() {
    var sent = 0
    while sent < outgoing.count {
      let rest = outgoing.bytes[sent..<outgoing.count]
      let count = unsafe send(
        descriptor, rest.buffer.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      if count < 0, errno == EINTR { continue }
      // Nobody is left to work for.
      if count <= 0 { exit(0) }
      sent += count
    }
    outgoing.removeAll()
  }

  /// The next order; nil where the node is gone. Whatever was said has been sent before.
  func next() throws -> ExecutorOrder? {
    flush()
    if !waiting.isEmpty { return waiting.removeFirst() }
    while true {
      if let order = try cut() { return order }
      if !receive() { return nil }
    }
  }

  /// Keeps an order for `next`.
  func putOff(_ order: ExecutorOrder) { waiting.append(order) }

  /// The next order that comes at once or soon; nil where none does.
  func nextSoon() throws -> ExecutorOrder? {
    flush()
    if let order = try cut() { return order }
    var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&wanted, 1, Self.soonMilliseconds) > 0 else { return nil }
    if !receive() { exit(0) }
    return try cut()
  }

  private func cut() throws -> ExecutorOrder? {
    try cutter.next { reader throws(ByteReader.Damaged) in try reader.executorOrder() }
  }

  /// Waits for more bytes; false at the end.
  private func receive() -> Bool {
    incoming.removeAll()
    var count = 0
    repeat {
      unsafe incoming.appendRaw(room: Self.pieceBytes) { target in
        count = unsafe read(descriptor, target, Self.pieceBytes)
        return max(count, 0)
      }
    } while count < 0 && errno == EINTR
    guard count > 0 else { return false }
    cutter.append(incoming.bytes)
    return true
  }
}

/// What an executor needs of the system.
enum ExecutorSystem {
  /// Traps write their stack, and lines are seen as soon as they are written.
  static func become() { mapred_become_executor() }

  /// Relative paths begin here from now on.
  static func enter(_ directory: String) throws {
    guard unsafe chdir(directory) == 0 else {
      throw JobError(
        .noInput, "cannot enter the directory \(directory): \(errorText(errno))",
        advice: "the directory where a job is submitted has to be on every node")
    }
  }
}
