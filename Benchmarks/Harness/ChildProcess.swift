// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Starts other programs and measures them.
///
/// They get a small environment of known contents, with the C locale, so that a run depends little
/// on who starts it.
enum ChildProcess {
  /// Where a child's standard streams lead.
  struct Streams {
    /// Descriptors that become its standard input, output and error; nil: nowhere.
    var input: Int32?
    var output: Int32?
    var error: Int32?
  }

  /// Runs a program to its end and measures it whole; throws where it fails, with what it said.
  static func measure(_ command: [String]) throws -> Sample {
    let error = try temporaryFile()
    defer { close(error) }
    let start = seconds(CLOCK_MONOTONIC)
    let process = try spawn(command, Streams(error: error))
    let (status, usage) = try wait(for: process)
    let wall = seconds(CLOCK_MONOTONIC) - start
    guard status == 0 else {
      throw BenchmarkError(
        "\(command.joined(separator: " ")) \(ending(status)): \(Files.readFromStart(error))")
    }
    let cpu = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6
    }
    return Sample(wall: wall, cpu: cpu, peak: usage.ru_maxrss > ownPeak ? usage.ru_maxrss << 10 : 0)
  }

  /// This process's own peak in KiB: what the system tells of a child is never less, because a
  /// child begins as a copy of its parent.
  private static var ownPeak: Int {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  }

  /// What a program prints on its standard output; throws where it fails.
  static func output(of command: [String]) throws -> String {
    let output = try temporaryFile()
    defer { close(output) }
    let (status, _) = try wait(for: spawn(command, Streams(output: output)))
    guard status == 0 else { throw BenchmarkError("\(command[0]) \(ending(status))") }
    return Files.readFromStart(output)
  }

  static func spawn(_ command: [String], _ streams: Streams) throws -> pid_t {
    let nowhere = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
    guard nowhere >= 0 else { throw BenchmarkError.system("/dev/null") }
    defer { close(nowhere) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (stream, descriptor) in [streams.input, streams.output, streams.error].enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor ?? nowhere, Int32(stream))
    }
    var process: pid_t = 0
    let status = unsafe withCStrings(command) { arguments in
      unsafe withCStrings(environment) { variables in
        unsafe posix_spawnp(&process, command[0], &actions, nil, arguments, variables)
      }
    }
    guard status == 0 else {
      errno = status
      throw BenchmarkError.system("cannot start \(command[0])")
    }
    return process
  }

  static func wait(for process: pid_t) throws -> (status: Int32, usage: rusage) {
    var status: Int32 = 0
    var usage = rusage()
    while unsafe wait4(process, &status, 0, &usage) < 0 {
      guard errno == EINTR else { throw BenchmarkError.system("wait") }
    }
    return (status, usage)
  }

  /// What a status of `wait` means.
  static func ending(_ status: Int32) -> String {
    let signal = status & 0x7F
    return signal == 0 ? "failed with exit code \(status >> 8 & 0xFF)" : "died of signal \(signal)"
  }

  /// Whether a program is on the path.
  static func isInstalled(_ name: String) -> Bool {
    variable("PATH").split(separator: ":").contains { folder in
      unsafe access("\(folder)/\(name)", X_OK) == 0
    }
  }

  /// This executable.
  static func ownPath() throws -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { throw BenchmarkError.system("/proc/self/exe") }
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Where this executable stands.
  static func folder() throws -> String {
    let path = try ownPath()
    return String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
  }

  static func variable(_ name: String) -> String {
    unsafe getenv(name).map { unsafe String(cString: $0) } ?? ""
  }

  private static var environment: [String] {
    ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"].compactMap { name in
      let value = variable(name)
      return value.isEmpty ? nil : "\(name)=\(value)"
    } + ["LC_ALL=C"]
  }

  /// A file without a name, for what a child says.
  static func temporaryFile() throws -> Int32 {
    var template = ScratchDirectory.template
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { throw BenchmarkError.system("temporary file") }
    unsafe unlink(template)
    return try closingOnExec(descriptor)
  }

  /// A pipe whose ends are kept out of children.
  static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe Glibc.pipe(&ends) == 0 else { throw BenchmarkError.system("pipe") }
    return (try closingOnExec(ends[0]), try closingOnExec(ends[1]))
  }

  /// Keeps a descriptor out of children.
  static func closingOnExec(_ descriptor: Int32) throws -> Int32 {
    guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw BenchmarkError.system("fcntl") }
    return descriptor
  }
}

/// Hands the strings to `body` as C wants them: an array that ends with nil.
private func withCStrings<R>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) throws -> R
) rethrows -> R {
  var pointers = unsafe strings.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return try unsafe pointers.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("it holds at least nil") }
    return try unsafe body(base)
  }
}
