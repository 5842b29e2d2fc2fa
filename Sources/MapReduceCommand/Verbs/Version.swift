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
    let compression = BlockCodec.isAvailable
    if json {
      let fields: [(String, JSON)] = [
        ("type", .text("version")), ("version", .text(Version.number)),
        ("lz4", .bool(compression)),
      ]
      try Terminal.print(JSON.object(fields).line)
    } else {
      try Terminal.print(Version.line)
      try Terminal.print(
        compression
          ? "lz4      built in"
          : "lz4      not built in: apt-get install liblz4-dev, and build again")
    }
  }
}
