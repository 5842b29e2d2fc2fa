// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@Suite("bench: jobs on clusters, measured", .serialized)
struct BenchSuiteTests {
  /// Small enough for a debug build on a busy machine; nothing is left out for lack of time.
  private static let small = ["--sizes", "100KB", "--seconds-limit", "3600", "--spark", "off"]

  @Test("A quick suite tells every workload over every transport, as table, JSON and page")
  func quick() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.start(
      ["bench", "suite", "--quick", "--json", "f.json", "--html", "f.html"] + Self.small,
      environment: ["TMPDIR": scratch.path]
    ).outcome()
    expectSuccess(outcome)
    // Everything that was made on the way is gone.
    #expect(try scratch.names() == ["f.html", "f.json"])
    let lines = String(decoding: try scratch.read("f.json"), as: UTF8.self).split(separator: "\n")
    let objects = try lines.map { line in
      try #require(JSON.parse(String(line)) as? JSON.Object, "not a JSON object: \(line)")
    }
    #expect(objects.first?["type"] as? String == "run")
    let figures = objects.filter { $0["type"] as? String == "figure" }
    for workload in ["empty", "wordcount", "terasort", "stages"] {
      let own = figures.filter { $0["workload"] as? String == workload }
      #expect(own.compactMap { $0["variant"] as? String } == ["inline", "shm", "tcp"])
      #expect(Set(own.compactMap { $0["digest"] as? String }).count == 1)
      let ratios = try #require(own.last?["ratios"] as? JSON.Object)
      #expect(Set(ratios.keys) == ["inline", "shm"])
      for figure in own {
        let wall = try #require((figure["wall"] as? JSON.Object)?["median"] as? Double)
        let cpu = try #require((figure["cpu"] as? JSON.Object)?["median"] as? Double)
        #expect(wall > 0 && cpu > 0)
      }
      #expect(outcome.lines.contains { $0.hasPrefix("\(workload) of ") })
    }
    let empty = try #require(figures.first { $0["variant"] as? String == "shm" })
    #expect(empty["trials"] as? Double == 20)
    let page = String(decoding: try scratch.read("f.html"), as: UTF8.self)
    #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<svg"))
    #expect(!page.contains("http"))
  }

  @Test("Shapes are varied around the first, one number at a time")
  func shapes() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.start(
      [
        "bench", "suite", "--jobs", "terasort", "--transports", "tcp", "--nodes", "2,1",
        "--replicas", "1,2", "--repetitions", "1", "--json", "f.json", "--quiet",
      ] + Self.small
    ).outcome()
    expectSuccess(outcome)
    #expect(outcome.words.isEmpty)
    let titles = outcome.lines.filter { $0.hasPrefix("terasort of ") }
    #expect(
      titles.map { $0.drop { $0 != "," }.dropFirst(2) } == [
        "2 nodes, 1 replica", "1 node, 1 replica", "2 nodes, 2 replicas",
      ])
  }

  @Test("A digest depends on the results alone")
  func digests() async throws {
    let scratch = try Scratch()
    try scratch.write("a.txt", "x y\nz y\n")
    try scratch.write("b.txt", "y z\ny x\n")
    try scratch.write("c.txt", "y z\ny x x\n")
    var digests: [String] = []
    for name in ["a.txt", "b.txt", "c.txt"] {
      let outcome = try await scratch.mapred("bench", "digest", "wordcount", name)
      expectSuccess(outcome)
      #expect(outcome.lines.first?.count == 16 && outcome.lines.count == 1)
      digests += outcome.lines
    }
    #expect(digests[0] == digests[1] && digests[1] != digests[2])
  }

  @Test(
    "What makes no sense is told before anything is started",
    arguments: [
      (["--nodes", "0"], "--nodes"), (["--sizes", "big"], "--sizes"),
      (["--transports", "auto"], "--transports"), (["--jobs", "wordcount,sleep"], "--jobs"),
      (["--repetitions", "0"], "repetitions"), (["--seconds-limit", "0"], "--seconds-limit"),
      (["--nodes", "2,2"], "--nodes"),
    ])
  func usage(_ arguments: [String], _ name: String) async throws {
    let outcome = try await Scratch().start(["bench", "suite"] + arguments).outcome()
    expectFailure(outcome, 64, naming: name)
  }

  @Test("An executable without the example jobs says so")
  func otherJobs() async throws {
    let outcome = try await Scratch().faultyJobs("bench", "suite", "--quick")
    expectFailure(outcome, 64, naming: "wordcount")
  }

  @Test("What cannot be written is told before anything is measured")
  func unwritable() async throws {
    let outcome = try await Scratch().mapred(
      "bench", "suite", "--quick", "--html", "no/such/directory/f.html")
    expectFailure(outcome, 73, naming: "no/such/directory/f.html")
  }

  @Test("A Python that was asked for and is not there ends the suite")
  func noSpark() async throws {
    let outcome = try await Scratch().start([
      "bench", "suite", "--quick", "--jobs", "empty", "--transports", "tcp", "--spark",
      "/no/such/python",
    ]).outcome()
    #expect(outcome.code == 66)
    #expect(outcome.words.contains("/no/such/python"))
    #expect(outcome.lines.count == 1, "nothing was measured before")
  }

  @Test("^C ends the suite, its nodes and its files")
  func interrupted() async throws {
    let scratch = try Scratch()
    let child = try scratch.start(
      [
        "bench", "suite", "--jobs", "wordcount,stages", "--transports", "tcp", "--nodes", "1",
        "--replicas", "1", "--repetitions", "20",
      ] + Self.small,
      environment: ["TMPDIR": scratch.path])
    // The second one takes far longer than it takes to see this.
    _ = try await eventually("the first case is told") {
      child.outputSoFar.contains("wordcount of ") ? () : nil
    }
    child.signal(SIGINT)
    let outcome = await child.outcome()
    #expect(outcome.code == 130, "\(outcome.words)")
    #expect(try scratch.names().isEmpty)
  }
}
