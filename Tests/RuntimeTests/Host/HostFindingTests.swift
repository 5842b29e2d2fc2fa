// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite("What follows from the facts of a host")
struct HostFindingTests {
  /// A host on which all is well.
  private static var healthy: HostFacts {
    var facts = HostFacts()
    facts.kernel = "6.1.0"
    facts.sharedMemory = (size: 64 << 20, free: 32 << 20)
    facts.memoryBytes = 8 << 30
    facts.processors = 4
    facts.openFiles = .init(soft: 4096, hard: 1 << 20)
    facts.lockedBytes = .init(soft: 64 << 10, hard: 64 << 10)
    facts.socketDirectory = "/run/user/1000/mapred"
    return facts
  }

  /// The findings that are not fine, where `change` makes the host another one.
  private static func findings(_ change: (inout HostFacts) -> Void) -> [HostFinding] {
    var facts = healthy
    change(&facts)
    return facts.findings.filter { $0.kind != .fine }
  }

  @Test("Where all is well, nothing is told but that")
  func fine() {
    #expect(Self.findings { _ in }.isEmpty)
    #expect(Self.healthy.findings.contains { $0.text.contains("up -d") })
  }

  /// A change of a healthy host, and what is to be found then.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let kind: HostFinding.Kind
    let subject: String
    let words: [String]
    let change: @Sendable (inout HostFacts) -> Void
  }

  private static let cases: [Case] = [
    Case(testDescription: "no pidfd", kind: .problem, subject: "kernel", words: ["pidfd_open"]) {
      $0.hasProcessDescriptors = false
    },
    Case(testDescription: "no memfd", kind: .problem, subject: "kernel", words: ["memfd_create"]) {
      $0.hasMemoryFiles = false
    },
    Case(testDescription: "little memory", kind: .problem, subject: "memory", words: ["64.0 MiB"]) {
      $0.memoryBytes = 64 << 20
    },
    Case(
      testDescription: "a limited group", kind: .note, subject: "memory",
      words: ["2.0 GiB", "8.0 GiB"]
    ) { $0.memoryLimit = 2 << 30 },
    Case(testDescription: "few files", kind: .problem, subject: "open files", words: ["256"]) {
      $0.openFiles.soft = 256
    },
    Case(
      testDescription: "few files for ever", kind: .problem, subject: "open files",
      words: ["LimitNOFILE"]
    ) { $0.openFiles = .init(soft: 256, hard: 256) },
    Case(
      testDescription: "a device and no memory for it", kind: .problem, subject: "locked memory",
      words: ["64.0 KiB"]
    ) { $0.devices = ["rxe0"] },
    Case(
      testDescription: "a device that is not used", kind: .note, subject: "verbs",
      words: ["rxe0", "no device has it"]
    ) {
      $0.devices = ["rxe0"]
      $0.lockedBytes = .init(soft: nil, hard: nil)
      $0.verbsObstacle = "no device has it"
    },
    Case(testDescription: "no LZ4", kind: .note, subject: "LZ4", words: ["not built in"]) {
      $0.hasLZ4 = false
    },
    Case(
      testDescription: "nobody to run executors", kind: .problem, subject: "executors",
      words: ["nobody"]
    ) {
      $0.isRoot = true
      $0.hasExecutorUser = false
    },
    Case(testDescription: "root's jobs", kind: .note, subject: "executors", words: ["root"]) {
      $0.isRoot = true
      $0.executorUser = "root"
    },
    Case(
      testDescription: "a wrong setting", kind: .problem, subject: "settings",
      words: ["/etc/mapred/mapred.toml:3", "node.jion"]
    ) {
      $0.settingsProblems = [
        SettingsProblem(
          nil, at: "/etc/mapred/mapred.toml:3", "node.jion is no setting",
          advice: "did you mean node.join?")
      ]
    },
    Case(
      testDescription: "an open directory", kind: .problem, subject: "sockets",
      words: ["others may look"]
    ) { $0.socketDirectoryProblem = "others may look into it" },
    Case(
      testDescription: "a socket of nobody", kind: .note, subject: "cluster", words: ["/x/n1.sock"]
    ) { $0.sockets = [.init(path: "/x/n1.sock", status: nil)] },
    Case(testDescription: "an ended node", kind: .note, subject: "cluster", words: ["n2"]) {
      $0.endedNodes = ["n2"]
    },
  ]

  @Test("Each thing that is wrong is found, with what to do", arguments: cases)
  func found(_ one: Case) throws {
    let findings = Self.findings(one.change)
    #expect(findings.count == 1)
    let finding = try #require(findings.first)
    #expect(finding.kind == one.kind)
    #expect(finding.subject == one.subject)
    let all = finding.text + " " + (finding.advice ?? "")
    for word in one.words { #expect(all.contains(word), "\(word) is missing in: \(all)") }
    #expect(finding.advice?.isEmpty == false)
  }
}
