// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Memory

/// The version of the engine.
enum Version {
  static let number = "0.1.0"
  static var line: String { "\(toolName) \(number)" }
}

/// `mapred version`.
struct VersionVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Shows the version and what was built in.")

  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let formats = Compression.allCases
    if json {
      let fields: [(String, JSON)] = [
        ("type", .text("version")), ("version", .text(Version.number)),
      ]
      let builtIn = formats.map { ($0.rawValue, JSON.bool($0.isAvailable)) }
      return try Terminal.print(JSON.object(fields + builtIn).line)
    }
    try Terminal.print(Version.line)
    for format in formats {
      let state = format.isAvailable ? "built in" : "not built in: \(format.installation)"
      let name = format.rawValue + String(repeating: " ", count: 9 - format.rawValue.count)
      try Terminal.print(name + state)
    }
  }
}
