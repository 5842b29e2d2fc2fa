// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc

/// A connection to the node that listens at a path of this host. Calls wait; one thread at a time.
package final class LocalClient {
  private let path: String
  private let socket: Socket
  private let scratch = Scratch()
  private var cutter: FrameCutter
  /// Answers that came with others, the next one first.
  private var answers: ArraySlice<[UInt8]> = []

  /// How long connecting and sending may take.
  private static let patienceSeconds = 10

  package init(_ path: String, answerBytesMaximum: Int = 64 << 20) throws(FabricError) {
    try LocalSocket.check(path)
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let number = Glibc.socket(AF_UNIX, kind, 0)
    guard number >= 0 else { throw .system("cannot make a Unix socket", errno) }
    socket = Socket(owning: number)
    self.path = path
    cutter = FrameCutter(bytesMaximum: answerBytesMaximum)
    var limit = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
    _ = unsafe setsockopt(
      number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let result = uninterrupted {
      unsafe LocalSocket.withAddress(path) { unsafe Int(connect(number, $0, $1)) }
    }
    guard result == 0 else { throw Self.error(path, errno) }
    // In a directory where others may write, they may listen in the node's place.
    guard geteuid() == 0 || LocalSocket.isTrusted(number) else { throw Self.error(path, EPERM) }
  }

  private static func error(_ path: String, _ code: Int32) -> FabricError {
    switch code {
    case ENOENT, ECONNREFUSED, ENOTDIR:
      FabricError(
        .address, "no node listens at \(path)",
        advice: "start one, or name the socket of one that runs")
    case EACCES, EPERM:
      FabricError(
        .address, "the node at \(path) belongs to another user: \(errorText(code))",
        advice: "ask as that user, or start a node of your own")
    case EAGAIN:
      FabricError(
        .timeout, "the node at \(path) takes no connection",
        advice: "see whether its process hangs or is stopped")
    default: .system("cannot connect to the node at \(path)", code)
    }
  }

  private func isGone(_ code: Int32) -> FabricError {
    let reason = code == 0 ? "" : ": \(errorText(code))"
    return FabricError(
      .lost, "the node at \(path) went away\(reason)",
      advice: "what was asked may have happened or not: see whether the node runs, and ask again")
  }

  /// Sends one request.
  package func send(_ request: [UInt8]) throws(FabricError) { try send([request]) }

  /// Sends requests with as few calls as possible.
  package func send(_ requests: [[UInt8]]) throws(FabricError) {
    var bytes: [UInt8] = []
    for request in requests {
      bytes += StreamFrame.header(request.count)
      bytes += request
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let sent = socket.send(rest)
      if sent < 0, errno == EAGAIN {
        throw FabricError(
          .timeout, "the node at \(path) takes no requests",
          advice: "see whether its process hangs or is stopped")
      }
      guard sent >= 0 else { throw isGone(errno) }
      rest = rest.dropFirst(sent)
    }
  }

  /// The next answer; an error of code `timeout` where none comes in time. It may still come.
  package func receive(milliseconds: Int) throws(FabricError) -> [UInt8] {
    let deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    while answers.isEmpty {
      try wait(until: deadline, milliseconds)
      let count = scratch.receive(from: socket)
      guard count > 0 else { throw isGone(count == 0 ? 0 : errno) }
      var came: [[UInt8]] = []
      do throws(FrameCutter.Excess) {
        try unsafe cutter.cut(scratch.filled(count)) { came.append($0) }
      } catch {
        throw FabricError(
          .refused, "the node at \(path) announced an answer of \(error.byteCount) bytes",
          advice: "ask with the build of mapred that the node runs")
      }
      answers = came[...]
    }
    return answers.removeFirst()
  }

  private func wait(until deadline: UInt64, _ milliseconds: Int) throws(FabricError) {
    if waitUntilReady(socket.descriptor, until: deadline) { return }
    throw FabricError(
      .timeout, "the node at \(path) did not answer within \(milliseconds) ms",
      advice: "wait longer, or see whether its process hangs or is stopped")
  }

  package func close() { socket.close() }
}
