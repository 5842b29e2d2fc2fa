// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("doctor")
struct DoctorTests {
  private static func doctor(
    _ place: RuntimePlace, _ arguments: [String] = [], environment: [String: String] = [:]
  ) async throws -> Outcome {
    try await Scratch().start(
      ["doctor", "--json"] + arguments,
      environment: place.environment.merging(environment) { $1 }
    ).outcome()
  }

  private static func problems(_ outcome: Outcome) throws -> [String] {
    try outcome.objects().filter { $0["kind"] as? String == "problem" }
      .compactMap { $0["subject"] as? String }
  }

  @Test("Each thing is one document, and the exit code says whether one is a problem")
  func documents() async throws {
    let place = try RuntimePlace()
    let outcome = try await Self.doctor(place)
    let objects = try outcome.objects()
    let subjects = objects.compactMap { $0["subject"] as? String }
    for subject in ["kernel", "memory", "/dev/shm", "open files", "LZ4", "verbs", "cluster"] {
      #expect(subjects.contains(subject))
    }
    let problems = try Self.problems(outcome)
    #expect(outcome.code == (problems.isEmpty ? 0 : 1))
    #expect(objects.last?["problems"] as? Double == Double(problems.count))
  }

  @Test("A setting that is wrong is found with its place")
  func settings() async throws {
    let scratch = try Scratch()
    try scratch.write("mapred.toml", "[node]\njion = \"127.0.0.1:1\"\n")
    let path = "\(scratch.path)/mapred.toml"
    let outcome = try await Self.doctor(try RuntimePlace(), ["--config", path])
    #expect(outcome.code == 1)
    #expect(try Self.problems(outcome).contains("settings"))
    #expect(outcome.text.contains("mapred.toml:2"))
  }

  @Test("A directory of sockets that others may look into is found, and a socket of nobody")
  func sockets() async throws {
    let place = try RuntimePlace()
    let base = "\(place.path)/mapred"
    try FileManager.default.createDirectory(
      atPath: base, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    try "".write(toFile: "\(base)/n9.sock", atomically: false, encoding: .utf8)
    let outcome = try await Self.doctor(place)
    #expect(outcome.code == 1)
    #expect(try Self.problems(outcome).contains("sockets"))
    #expect(outcome.text.contains("chmod 700"))
    #expect(outcome.text.contains("n9.sock"))
  }
}
