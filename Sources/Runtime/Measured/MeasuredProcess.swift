// SPDX-License-Identifier: Apache-2.0
import CSystem
import Fabrics
import Glibc

/// A program that was run to its end, and what that took.
package struct MeasuredProcess: Sendable {
  /// Seconds on the clock, from before it was started until it had ended.
  package let wall: Double
  /// Seconds of processor time, with the children that it waited for.
  package let cpu: Double
  /// The most that it had resident, in bytes; nil where the system does not tell it.
  package let peak: Int?
  /// When it was started, in seconds since 1970.
  package let started: Double
  /// What it wrote to its standard output and to its standard error.
  package let output: String

  /// A program that could not be run, or that did not end well.
  package struct Failure: Error, Sendable {
    package let message: String
    /// Whether the caller wanted it to end.
    package var isCancelled = false
  }

  /// How often the caller is asked whether it still waits.
  private static let pauseMilliseconds: Int32 = 50
  private static let outputMaximum = 16 << 20

  /// Runs a program; `more` is added to this process's environment. It is killed when it has not
  /// ended in time.
  package static func run(
    _ command: [String], environment more: [String: String] = [:], seconds limit: Int,
    isCancelled: () -> Bool
  ) throws(Failure) -> MeasuredProcess {
    let output = try nameless()
    let null = unsafe Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC))
    let environment = SettingsSources.processEnvironment.merging(more) { $1 }
    // A child begins as a copy of its parent: what the system tells of its peak is never less.
    ProcessUsage.forgetPeak(of: getpid())
    let floor = ProcessUsage.peak(of: getpid())
    let started = seconds(CLOCK_REALTIME)
    let begun = seconds(CLOCK_MONOTONIC)
    var number: pid_t = 0
    let failure = unsafe LocalNode.withStrings(command) { arguments in
      unsafe LocalNode.withStrings(environment.map { "\($0)=\($1)" }) { environment in
        unsafe mapred_start(
          command[0], arguments, environment, null.number, output.number, &number)
      }
    }
    guard failure == 0 else {
      throw Failure(message: "cannot start \(command[0]): \(errorText(failure))")
    }
    let reason = wait(for: number, until: begun + Double(limit), limit, isCancelled)
    let wall = seconds(CLOCK_MONOTONIC) - begun
    let (status, usage) = reap(number)
    let words = text(output)
    if let reason { throw reason }
    guard status == 0 else {
      let line = command.joined(separator: " ")
      throw Failure(message: "\(line) \(ending(status)): \(words.suffix(2000))")
    }
    return MeasuredProcess(
      wall: wall,
      cpu: [usage.ru_utime, usage.ru_stime].reduce(0) {
        $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6
      }, peak: usage.ru_maxrss << 10 > floor ? usage.ru_maxrss << 10 : nil, started: started,
      output: words)
  }

  /// Waits for the end of a child, which it brings about where that has to be; why, then.
  private static func wait(
    for number: pid_t, until deadline: Double, _ limit: Int, _ isCancelled: () -> Bool
  ) -> Failure? {
    let watched = Descriptor(mapred_open_process(number))
    while true {
      var state = pollfd(fd: watched.number, events: Int16(POLLIN), revents: 0)
      if unsafe poll(&state, 1, pauseMilliseconds) > 0 { return nil }
      let isLate = seconds(CLOCK_MONOTONIC) > deadline
      guard isCancelled() || isLate else { continue }
      // It leads a session of its own: whatever it started ends with it.
      _ = kill(-number, SIGKILL)
      return isLate
        ? Failure(message: "a program did not end within \(limit) s")
        : Failure(message: "interrupted", isCancelled: true)
    }
  }

  private static func reap(_ number: pid_t) -> (Int32, rusage) {
    var status: Int32 = 0
    var usage = rusage()
    while unsafe wait4(number, &status, 0, &usage) < 0, errno == EINTR {}
    return (status, usage)
  }

  private static func ending(_ status: Int32) -> String {
    let signal = status & 0x7F
    return signal == 0 ? "failed with exit code \(status >> 8 & 0xFF)" : "died of signal \(signal)"
  }

  /// A file without a name.
  private static func nameless() throws(Failure) -> Descriptor {
    var template = Array("\(TemporaryDirectory.parent)/mapred-XXXXXX".utf8CString)
    let number = unsafe mkstemp(&template)
    guard number >= 0, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else {
      throw Failure(
        message: "cannot write to \(TemporaryDirectory.parent): \(errorText(errno))")
    }
    unsafe unlink(template)
    return Descriptor(number)
  }

  private static func text(_ output: Descriptor) -> String {
    lseek(output.number, 0, SEEK_SET)
    guard case .bytes(let bytes) = FileBytes.read(output.number, most: outputMaximum) else {
      return ""
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
