// SPDX-License-Identifier: Apache-2.0
import CSystem
import Exchange
import Fabrics
import Glibc

/// A program that was started as an executor, and this end of what it was started with.
struct Spawned {
  /// A call that failed, and why.
  struct Failure: Error {
    let call: String
    let code: Int32
  }

  let process: pid_t
  /// Becomes readable when it has ended.
  let ended: Descriptor
  let socket: Socket
  /// What it writes to standard output and standard error.
  let output: Descriptor

  /// `area` and what is of `arena` are what it finds under their agreed numbers.
  init(
    _ path: String, area: Descriptor, _ arena: Arena, _ settings: ExecutorSettings
  ) throws(Failure) {
    let (socket, childSocket) = unsafe try Self.pair("socketpair") { unsafe mapred_socket_pair($0) }
    let (output, childOutput) = unsafe try Self.pair("pipe") { unsafe mapred_pipe($0) }
    for end in [socket, output] {
      guard fcntl(end.number, F_SETFL, O_NONBLOCK) == 0 else {
        throw Failure(call: "fcntl", code: errno)
      }
    }
    let null = unsafe Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))
    // In the order of the border's numbers, behind standard input, output and error.
    let standard = (null.number, childOutput.number, childOutput.number)
    // What it holds beyond its share. Opened here: the executor's user may have no right to.
    let scratch = settings.hold.map { unsafe Descriptor(mapred_scratch_file($0.scratch)) }
    let ownScratch = scratch.map { $0.number >= 0 ? $0.number : null.number } ?? null.number
    var what = mapred_spawn(
      files: (
        standard.0, standard.1, standard.2, childSocket.number, area.number,
        arena.reading.number, arena.readingFile?.number ?? null.number, ownScratch
      ),
      user: settings.user?.user ?? 0, group: settings.user?.group ?? 0,
      changes_user: settings.user != nil && geteuid() == 0 ? 1 : 0,
      memory_bytes: UInt64(settings.memoryBytes ?? 0))
    var process: pid_t = 0
    var ended: Int32 = -1
    var call: UnsafePointer<CChar>?
    let code = unsafe mapred_spawn(
      path, ExecutorBorder.verb, &what, &process, &ended, &call)
    withExtendedLifetime((null, childOutput, childSocket, scratch, arena)) {}
    guard code == 0 else {
      throw Failure(call: unsafe call.map { unsafe String(cString: $0) } ?? "clone", code: code)
    }
    self.process = process
    self.ended = Descriptor(ended)
    let kept = fcntl(socket.number, F_DUPFD_CLOEXEC, 0)
    guard kept >= 0 else {
      let code = errno
      mapred_kill(process, ended)
      throw Failure(call: "fcntl", code: code)
    }
    self.socket = Socket(owning: kept)
    self.output = output
  }

  private static func pair(
    _ call: String, _ make: (UnsafeMutablePointer<Int32>) -> Int32
  ) throws(Failure) -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    let result = unsafe ends.withUnsafeMutableBufferPointer { ends in
      guard let base = ends.baseAddress else { return -1 as Int32 }
      return unsafe make(base)
    }
    guard result == 0 else { throw Failure(call: call, code: errno) }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }
}
