// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

/// A node that dies takes its executors with it, whatever they are doing.
@Suite struct DeathOfNodeTests {
  struct Unseen: Error {}

  @Test func `An executor at work ends with its node`() throws {
    let corpus = try Corpus()
    try corpus.write("lines.txt", ["one"])
    let host = Process()
    host.executableURL = URL(fileURLWithPath: Built.host)
    host.arguments = ["wait", Built.faulty, corpus.path]
    let output = Pipe()
    host.standardOutput = output
    try host.run()
    defer { if host.isRunning { host.terminate() } }
    var text = ""
    while !text.contains("\n") {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { throw Unseen() }
      text += String(decoding: piece, as: UTF8.self)
    }
    let executor = try #require(pid_t(text.dropFirst("pid ".count).prefix { $0.isNumber }))
    #expect(isAlive(executor))
    #expect(kill(host.processIdentifier, SIGKILL) == 0)
    host.waitUntilExit()
    for _ in 0..<6000 where isAlive(executor) { usleep(10_000) }
    #expect(!isAlive(executor))
  }

  /// Whether a process runs: not gone, and not waiting to be reaped.
  private func isAlive(_ process: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let state = text.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z" && state != "X"
  }
}
