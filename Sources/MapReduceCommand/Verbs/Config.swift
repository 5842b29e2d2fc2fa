// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Runtime

/// `mapred config`.
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Shows, checks and begins the settings of a node.",
    subcommands: [ConfigShow.self, ConfigCheck.self, ConfigInit.self, ConfigToken.self])
}

/// `mapred config show`.
struct ConfigShow: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Prints every setting with its value and where that comes from.")

  @OptionGroup(title: "Settings") var options: SettingsOptions
  @Flag(help: "Print JSON, one setting a line.") var json = false

  func run() throws {
    let settings = try options.settings()
    if json {
      for entry in settings.entries { try Terminal.print(Self.document(entry).line) }
      return
    }
    let rows = settings.entries.map { entry in
      [entry.key.name, entry.value?.description ?? "", entry.origin.description]
    }
    // An empty value is shown as such, so that the columns stay apart.
    let shown = rows.map { [$0[0], $0[1].isEmpty ? "-" : $0[1], $0[2]] }
    let widths = (0..<2).map { column in shown.map { $0[column].count }.max() ?? 0 }
    for row in shown {
      let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
      try Terminal.print((cells + [row[2]]).joined(separator: "  "))
    }
  }

  private static func document(_ entry: Settings.Entry) -> JSON {
    .object(
      [
        ("type", .text("setting")), ("key", .text(entry.key.name)), ("value", value(entry.value)),
      ] + origin(entry.origin))
  }

  /// Durations and sizes as they are written, with their unit.
  private static func value(_ value: SettingValue?) -> JSON {
    switch value {
    case nil: .null
    case .count(let number)?: .integer(number)
    case .bool(let truth)?: .bool(truth)
    case .addresses(let list)?: .array(list.map { .text($0.description) })
    case .text?, .address?, .nanoseconds?, .bytes?: .text(value?.description ?? "")
    }
  }

  private static func origin(_ origin: SettingOrigin) -> [(String, JSON)] {
    switch origin {
    case .standard: [("origin", .text("default"))]
    case .file(let path, let line):
      [("origin", .text("file")), ("path", .text(path)), ("line", .integer(line))]
    case .variable(let name): [("origin", .text("variable")), ("name", .text(name))]
    case .flag(let name): [("origin", .text("flag")), ("name", .text(name))]
    }
  }
}

/// `mapred config check`.
struct ConfigCheck: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Tells everything that is wrong with the settings.",
    discussion: "Ends with 78 where something is, and then a node does not start.")

  @OptionGroup(title: "Settings") var options: SettingsOptions
  @Flag(help: "Print JSON, one problem a line, then the verdict.") var json = false

  func run() throws {
    do throws(SettingsError) {
      _ = try options.read()
    } catch {
      if json {
        for problem in error.problems { try Terminal.print(Self.document(problem).line) }
      }
      throw JobError(error)
    }
    if json {
      try Terminal.print(JSON.object([("type", .text("config")), ("valid", .bool(true))]).line)
    } else {
      Terminal.say("the settings are fine")
    }
  }

  private static func document(_ problem: SettingsProblem) -> JSON {
    .object([
      ("type", .text("problem")), ("key", problem.key.map { .text($0) } ?? .null),
      ("place", .text(problem.place)), ("message", .text(problem.message)),
      ("advice", .text(problem.advice)),
    ])
  }
}

/// `mapred config init [FILE]`.
struct ConfigInit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Writes a file with every setting as a comment.")

  @Argument(help: "The new file; the user's own where it is left out, - for standard output.")
  var file: String?

  @Flag(help: "Print one JSON document that names the file.") var json = false

  func validate() throws {
    if json, file == "-" { throw ValidationError("--json and - exclude each other") }
  }

  func run() throws {
    if file == "-" { return try Terminal.write(text: SettingsText.file) }
    guard let path = file ?? SettingsSources.userFile(SettingsSources.processEnvironment) else {
      throw JobError(
        .cannotWrite, "this user has no place for settings: HOME is not set",
        advice: "name the file: config init FILE")
    }
    if let failure = SettingsText.create(path) {
      throw JobError(
        .cannotWrite, "cannot write \(path): \(failure)",
        advice: "name another file: config init FILE")
    }
    if json {
      try Terminal.print(
        JSON.object([("type", .text("file")), ("path", .text(path))]).line)
    } else {
      Terminal.say("wrote \(path)")
    }
  }
}

/// `mapred config token`.
struct ConfigToken: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Prints the token that the cluster's nodes want over HTTP.")

  @OptionGroup(title: "Settings") var options: SettingsOptions

  func run() throws {
    guard let key = NodeSettings(try options.settings()).clusterKey else {
      throw JobError(
        .noInput, "the cluster has no key, so that its nodes want no token",
        advice: "name its key with --key-file, where it has one")
    }
    try Terminal.print(AccessToken(key).text)
  }
}
