// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A command at work: its output goes to files, so that it never waits for its reader.
final class Child: Sendable {
  private let process: Process
  private let ended: AsyncStream<Void>
  private let outputPath: String
  private let wordsPath: String

  /// Long enough for a slow machine; a command that runs longer hangs, and is killed.
  private static let deadline = Duration.seconds(120)

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  init(
    _ executable: String, _ arguments: [String], in directory: String, standardInput: FileHandle,
    standardOutput: FileHandle?, standardError: FileHandle?, environment: [String: String]
  ) throws {
    let place = "\(directory)-\(UUID().uuidString)"
    outputPath = place + ".out"
    wordsPath = place + ".err"
    process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    process.environment = environment
    process.standardInput = standardInput
    process.standardOutput = try standardOutput ?? Self.create(outputPath)
    process.standardError = try standardError ?? Self.create(wordsPath)
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
    ended = stream
    process.terminationHandler = { _ in continuation.finish() }
    try Self.withoutBlockedSignals { [process] in try process.run() }
  }

  /// A child inherits which signals are blocked, and threads that run tests block all of them.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var before = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    try body()
  }

  deinit {
    if process.isRunning { _ = kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(atPath: outputPath)
    try? FileManager.default.removeItem(atPath: wordsPath)
  }

  private static func create(_ path: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw Failure(description: "cannot write \(path)") }
    return handle
  }

  var identifier: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// What was written to standard output so far.
  var outputSoFar: String {
    String(decoding: FileManager.default.contents(atPath: outputPath) ?? Data(), as: UTF8.self)
  }

  func signal(_ number: Int32) { _ = kill(process.processIdentifier, number) }

  /// Waits for the end.
  func outcome() async -> Outcome {
    let guardian = Task { [process] in
      try await Task.sleep(for: Self.deadline)
      _ = kill(process.processIdentifier, SIGKILL)
    }
    for await _ in ended {}
    guardian.cancel()
    let isSignal = process.terminationReason == .uncaughtSignal
    let words = FileManager.default.contents(atPath: wordsPath) ?? Data()
    return Outcome(
      code: isSignal ? nil : process.terminationStatus,
      signal: isSignal ? process.terminationStatus : nil,
      data: FileManager.default.contents(atPath: outputPath) ?? Data(),
      words: String(decoding: words, as: UTF8.self))
  }
}

/// Looks again and again until `body` gives a value; throws where it never does.
func eventually<T>(_ what: String, _ body: () throws -> T?) async throws -> T {
  for _ in 0..<6_000 {
    if let value = try body() { return value }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw Child.Failure(description: "it never came to this: \(what)")
}
