// SPDX-License-Identifier: Apache-2.0

/// Which target stands on which floor, and what each may import.
enum Floors {
  /// The targets of the package that a target may import: all of them stand on lower floors.
  static let below: [String: Set<String>] = [
    "Vocabulary": [],
    "Memory": ["CSystem", "Vocabulary"],
    "Exchange": ["CSystem", "Memory", "Vocabulary"],
    "Environment": ["Memory", "Vocabulary"],
    "StateTable": ["Environment", "Memory", "Vocabulary"],
    "Bench": ["Exchange", "Memory"],
    "Multicast": ["Environment", "Memory", "StateTable", "Vocabulary"],
    "Membership": ["Memory", "Vocabulary"],
    "Replication": ["Memory", "Vocabulary"],
    "Dataflow": ["Exchange", "Memory", "Replication", "Vocabulary"],
    "Engine": [
      "Dataflow", "Environment", "Exchange", "Membership", "Memory", "Multicast", "Replication",
      "StateTable", "Vocabulary",
    ],
    "Fabrics": ["CSystem", "Environment", "Memory", "Vocabulary"],
    "Simulation": [
      "Dataflow", "Engine", "Environment", "Exchange", "Membership", "Memory", "Multicast",
      "Replication", "StateTable", "Vocabulary",
    ],
    "Runtime": [
      "CSystem", "Dataflow", "Engine", "Environment", "Exchange", "Fabrics", "Membership", "Memory",
      "Multicast", "Replication", "StateTable", "Vocabulary",
    ],
    "MapReduce": ["CSystem", "Vocabulary", "Memory", "Exchange"],
    "MapReduceTesting": ["MapReduce", "Exchange"],
    "Jobs": ["MapReduce"],
    "MapReduceCommand": [
      "MapReduce", "Bench", "Dataflow", "Engine", "Exchange", "Fabrics", "Membership", "Memory",
      "Runtime", "Simulation", "StateTable", "Vocabulary",
    ],
    "mapred": ["Jobs", "MapReduceCommand"],
  ]

  /// Modules from outside of the package that a target may import.
  static let outside: [String: Set<String>] = [
    "Vocabulary": ["Synchronization"],
    "Memory": ["Synchronization", "Glibc"],
    "Exchange": ["Synchronization"],
    "Environment": [],
    "StateTable": [],
    "Bench": ["Glibc"],
    "Multicast": [],
    "Membership": [],
    "Replication": [],
    "Dataflow": [],
    "Engine": [],
    "Runtime": ["Synchronization", "Glibc"],
    "Fabrics": ["Synchronization", "Glibc"],
    "Simulation": [],
    "MapReduce": ["Synchronization", "Glibc", "ArgumentParser"],
    "MapReduceTesting": ["Glibc"],
    "Jobs": [],
    "MapReduceCommand": ["Synchronization", "Glibc", "ArgumentParser"],
    "mapred": [],
  ]

  static let heights: [String: Double] = [
    "Vocabulary": 0, "CSystem": 0, "Memory": 0.5, "Exchange": 1, "Environment": 1,
    "StateTable": 1.5, "Bench": 2, "Multicast": 2, "Membership": 2, "Replication": 3, "Dataflow": 4,
    "Engine": 5, "Fabrics": 6, "Simulation": 6, "Runtime": 7, "MapReduce": 8, "Jobs": 9,
    "MapReduceTesting": 9, "MapReduceCommand": 9, "mapred": 10,
  ]

  /// Targets whose code is the same wherever and whenever it runs.
  static let pure: Set<String> = [
    "Vocabulary", "Memory", "Exchange", "Environment", "StateTable", "Bench", "Multicast",
    "Membership", "Replication", "Dataflow", "Engine", "Simulation",
  ]

  /// The module that a line imports.
  static func imported(_ line: Substring) -> Substring? {
    let tokens = SwiftText.tokens(line)
    guard let place = tokens.firstIndex(of: "import"), place + 1 < tokens.count,
      tokens[..<place].allSatisfy({ importWords.contains($0) })
    else { return nil }
    let kinds: Set<Substring> = [
      "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
    ]
    let name = tokens[place + 1]
    return kinds.contains(name) && place + 2 < tokens.count ? tokens[place + 2] : name
  }

  private static let importWords: Set<Substring> = [
    "@", "_exported", "testable", "preconcurrency", "public", "package", "internal", "fileprivate",
    "private",
  ]

  static func violations(_ file: SourceFile) -> [Violation] {
    guard file.path.hasPrefix("Sources/") || file.path.hasPrefix("Jobs/"),
      let target = file.target
    else { return [] }
    return file.code.enumerated().compactMap { number, line in
      guard let module = imported(line).map(String.init) else { return nil }
      guard let below = below[target], let outside = outside[target] else {
        return file.violation(number, "target \(target) stands on no floor")
      }
      if below.contains(module) || outside.contains(module) { return nil }
      return file.violation(number, "\(target) may not import \(module)")
    }
  }
}
