// SPDX-License-Identifier: Apache-2.0
import Engine
import Foundation
import Glibc
import Runtime
import Testing

/// A node as a process. What it says goes to a file, from which a test reads where it listens.
final class NodeHandle: @unchecked Sendable {
  // Safe because everything but the process is constant, and that one may be asked by any thread.
  let name: String
  /// Where clients of this host reach it.
  let socket: String
  private let process = Process()
  private let wordsPath: String

  /// The command of this build: it lies beside the running tests.
  static let executable = product("mapred")

  /// A program of this build, or of the one that `MAPRED_PRODUCTS` names.
  static func product(_ name: String) -> String {
    if let other = ProcessInfo.processInfo.environment["MAPRED_PRODUCTS"] {
      return "\(other)/\(name)"
    }
    let tests =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: tests).deletingLastPathComponent().path + "/\(name)"
  }

  /// Starts `command`, or the built one; `node` and its arguments follow.
  init(
    _ name: String, socket: String, words: String, prefix: [String] = [], _ arguments: [String]
  ) throws {
    self.name = name
    self.socket = socket
    wordsPath = words
    let command =
      prefix + [Self.executable, "node", "--name", name, "--socket", socket] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = [
      "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
      "SWIFT_BACKTRACE": "enable=no",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    guard FileManager.default.createFile(atPath: words, contents: nil),
      let file = FileHandle(forWritingAtPath: words)
    else { throw Waiting.Failure("cannot write \(words)") }
    process.standardError = file
    try process.run()
  }

  var identifier: pid_t { process.processIdentifier }
  var isRunning: Bool { process.isRunning }

  /// What it said so far.
  var words: String {
    String(decoding: FileManager.default.contents(atPath: wordsPath) ?? Data(), as: UTF8.self)
  }

  func signal(_ number: Int32) { _ = kill(process.processIdentifier, number) }

  /// Ends it, also where it is stopped, and waits for that.
  func end() {
    guard process.isRunning else { return }
    signal(SIGKILL)
    process.waitUntilExit()
  }

  /// Where it takes letters of other nodes, once it has said so.
  func address() async throws -> String { try await place(behind: "letters at ") }

  /// What it said behind some words, up to the end of the line.
  func place(behind mark: String) async throws -> String {
    try await Waiting.until("\(name) listens") {
      if let place = self.words.firstRange(of: mark) {
        let rest = self.words[place.upperBound...]
        if let end = rest.firstIndex(of: "\n") { return String(rest[..<end]) }
      }
      guard self.isRunning else { throw Waiting.Failure("\(self.name) ended: \(self.words)") }
      return nil
    }
  }

  /// The exit code of a node that ends by itself; minus the signal where one ended it.
  func ending() async throws -> Int32 {
    try await Waiting.until("\(name) ends") { self.isRunning ? nil : () }
    let status = process.terminationStatus
    return process.terminationReason == .exit ? status : -status
  }

  /// How it sees itself and the others; nil where it does not answer.
  var status: NodeStatus? { try? NodeClient(socket).status(milliseconds: 1000) }
}
