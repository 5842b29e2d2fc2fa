// SPDX-License-Identifier: Apache-2.0
import CSystem
import Fabrics
import Glibc

/// What tells a process of this host from all others, also from later ones with its number.
package struct ProcessMark: Hashable, Sendable {
  package let number: Int32
  /// When it was started, in ticks since the host was.
  package let started: UInt64

  package init(number: Int32, started: UInt64) {
    self.number = number
    self.started = started
  }

  /// Nil where no process of this number runs. One that has ended and was not waited for does not.
  package init?(running number: Int32) {
    guard let (mark, hasEnded) = Self.read(number), !hasEnded else { return nil }
    self = mark
  }

  /// Nil where this process has no child of this number, ended or not.
  init?(child number: Int32) {
    guard let (mark, _) = Self.read(number) else { return nil }
    self = mark
  }

  private static func read(_ number: Int32) -> (mark: ProcessMark, hasEnded: Bool)? {
    guard case .bytes(let bytes) = FileBytes.read("/proc/\(number)/stat", most: 1 << 16),
      // The program's name stands in parentheses, and may hold any character.
      let name = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > startField, let state = fields[0].first,
      let started = UInt64(String(decoding: fields[startField], as: UTF8.self))
    else { return nil }
    return (ProcessMark(number: number, started: started), endedStates.contains(state))
  }

  /// Where the start stands behind the name.
  private static let startField = 19
  /// Zombie and dead.
  private static let endedStates: [UInt8] = [UInt8(ascii: "Z"), UInt8(ascii: "X")]

  /// This process.
  package static var own: ProcessMark? { ProcessMark(running: getpid()) }
}

/// A process of this host that can be told to end and waited for.
package final class HostProcess: Sendable {
  package let mark: ProcessMark
  private let descriptor: Descriptor

  /// Nil where that process runs no more.
  package init?(_ mark: ProcessMark) {
    let opened = mapred_open_process(mark.number)
    guard opened >= 0 else { return nil }
    descriptor = Descriptor(opened)
    self.mark = mark
    // The descriptor is of whoever has the number now, and stays that.
    guard ProcessMark(running: mark.number) == mark else { return nil }
  }

  /// A child that nobody has waited for: it keeps its number, also where it has ended.
  init?(child number: Int32) {
    guard let mark = ProcessMark(child: number) else { return nil }
    let opened = mapred_open_process(number)
    guard opened >= 0 else { return nil }
    descriptor = Descriptor(opened)
    self.mark = mark
  }

  package func signal(_ number: Int32) { _ = mapred_signal_process(descriptor.number, number) }

  package var hasEnded: Bool { waitForEnd(milliseconds: 0) }

  /// Waits at most so long; true where it has ended.
  package func waitForEnd(milliseconds: Int) -> Bool {
    let deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    return waitUntilReady(descriptor.number, until: deadline)
  }

  /// How a child ended, in words; nil where it runs or is no child of this process. Once.
  func reap() -> String? {
    var isSignal: Int32 = 0
    var number: Int32 = 0
    guard unsafe mapred_reap(descriptor.number, &isSignal, &number) == 1 else { return nil }
    guard isSignal != 0 else { return "exit code \(number)" }
    return "signal \(number), \(unsafe String(cString: mapred_signal_name(number)))"
  }

  /// Tells processes to end, and ends those that do not in time.
  package static func end(_ processes: [HostProcess], milliseconds: Int) {
    for process in processes { process.signal(SIGTERM) }
    let deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    for process in processes {
      let now = monotonicNanoseconds()
      let left = deadline > now ? Int((deadline - now) / 1_000_000) : 0
      if process.waitForEnd(milliseconds: left) { continue }
      process.signal(SIGKILL)
      _ = process.waitForEnd(milliseconds: killMilliseconds)
    }
  }

  /// A killed process is gone as soon as the system has taken its memory back.
  private static let killMilliseconds = 5000
}
