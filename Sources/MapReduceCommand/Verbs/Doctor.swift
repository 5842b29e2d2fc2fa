// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Runtime

/// `mapred doctor`: what is wrong with this host, if anything.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Looks for what would keep nodes and jobs from working on this host.",
    discussion: """
      Looks at the kernel, memory, limits, RDMA devices, users, settings, sockets and the clusters \
      that run, and says what to do. Ends with 1 where something is wrong.
      """)

  @OptionGroup(title: "Settings") var options: SettingsOptions
  @Flag(help: "Print JSON, one finding a line, then the verdict.") var json = false

  func run() throws {
    let findings = HostFacts.read(flags: options.flags, configFile: options.config).findings
    let width = findings.map(\.subject.count).max() ?? 0
    for finding in findings {
      try Terminal.print(json ? Self.document(finding).line : Self.lines(finding, width))
    }
    let problems = findings.count { $0.kind == .problem }
    if json {
      let verdict: [(String, JSON)] = [
        ("type", .text("doctor")), ("problems", .integer(problems)),
      ]
      try Terminal.print(JSON.object(verdict).line)
    } else {
      Terminal.say(Self.verdict(problems))
    }
    if problems > 0 { throw ExitCode(1) }
  }

  private static func verdict(_ problems: Int) -> String {
    switch problems {
    case 0: "nothing is wrong"
    case 1: "1 thing is wrong"
    default: "\(problems) things are wrong"
    }
  }

  private static func lines(_ finding: HostFinding, _ width: Int) -> String {
    let mark =
      switch finding.kind {
      case .fine: "ok     "
      case .note: "note   "
      case .problem: "wrong  "
      }
    let pad = String(repeating: " ", count: width - finding.subject.count)
    let line = "\(mark)\(finding.subject)\(pad)  \(finding.text)"
    guard let advice = finding.advice else { return line }
    return line + "\n" + String(repeating: " ", count: 9 + width) + "try  \(advice)"
  }

  private static func document(_ finding: HostFinding) -> JSON {
    .object([
      ("type", .text("finding")), ("kind", .text(finding.kind.rawValue)),
      ("subject", .text(finding.subject)), ("text", .text(finding.text)),
      ("advice", finding.advice.map { .text($0) } ?? .null),
    ])
  }
}
