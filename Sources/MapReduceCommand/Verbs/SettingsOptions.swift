// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MapReduce
import Runtime

/// The settings of a node on a command line. Names and words come from the table of settings;
/// values stay text here, so that all that is wrong is told at once, with that from other sources.
struct SettingsOptions: ParsableArguments {
  @Option(help: "Read this file of settings, too. MAPRED_CONFIG names one as well.")
  var config: String?

  @Option(help: ArgumentHelp("Set one of all settings; may be repeated.", valueName: "key=value"))
  var set: [String] = []

  @Option(name: Self.flag(SettingTable.nodeName), help: Self.help(SettingTable.nodeName))
  var name: String?

  @Option(name: Self.flag(SettingTable.nodeListen), help: Self.help(SettingTable.nodeListen))
  var listen: String?

  @Option(name: Self.flag(SettingTable.nodeJoin), help: Self.help(SettingTable.nodeJoin))
  var join: [String] = []

  @Option(name: Self.flag(SettingTable.nodeSocket), help: Self.help(SettingTable.nodeSocket))
  var socket: String?

  @Option(name: Self.flag(SettingTable.nodeHTTP), help: Self.help(SettingTable.nodeHTTP))
  var http: String?

  @Option(name: Self.flag(SettingTable.clusterName), help: Self.help(SettingTable.clusterName))
  var cluster: String?

  @Option(
    name: Self.flag(SettingTable.clusterKeyFile), help: Self.help(SettingTable.clusterKeyFile))
  var keyFile: String?

  @Option(
    name: Self.flag(SettingTable.nodeTransport), help: Self.help(SettingTable.nodeTransport))
  var transport: String?

  private static func flag(_ key: SettingKey) -> NameSpecification {
    guard let flag = key.flag else { preconditionFailure("\(key.name) has no flag") }
    return .customLong(flag)
  }

  private static func help(_ key: SettingKey) -> ArgumentHelp {
    ArgumentHelp("\(key.name): \(key.help)", valueName: key.kind.word)
  }

  func validate() throws {
    for pair in set where !pair.contains("=") {
      throw ValidationError("--set takes key=value, not \"\(pair)\"")
    }
  }

  /// What the command line says; a flag of its own overrides `--set`.
  var flags: [SettingsSources.Flag] {
    var flags = set.map { pair -> SettingsSources.Flag in
      let key = String(pair.prefix { $0 != "=" })
      return SettingsSources.Flag(
        key: key, value: String(pair.dropFirst(key.count + 1)), name: "--set \(key)")
    }
    let own: [(SettingKey, String?)] = [
      (SettingTable.nodeName, name), (SettingTable.nodeListen, listen),
      (SettingTable.nodeJoin, join.isEmpty ? nil : join.joined(separator: ",")),
      (SettingTable.nodeSocket, socket), (SettingTable.nodeHTTP, http),
      (SettingTable.clusterName, cluster),
      (SettingTable.clusterKeyFile, keyFile), (SettingTable.nodeTransport, transport),
    ]
    for (key, value) in own {
      guard let value, let flag = key.flag else { continue }
      flags.append(SettingsSources.Flag(key: key.name, value: value, name: "--\(flag)"))
    }
    return flags
  }

  /// Reads settings from where this process finds them, or from the command line alone.
  func read(ofFlagsAlone: Bool = false) throws(SettingsError) -> Settings {
    try Settings.read(
      ofFlagsAlone ? .only(flags) : .ofProcess(flags: flags, configFile: config))
  }

  /// The same, for a command that ends where they are wrong.
  func settings(ofFlagsAlone: Bool = false) throws(JobError) -> Settings {
    do { return try read(ofFlagsAlone: ofFlagsAlone) } catch { throw JobError(error) }
  }
}

extension JobError {
  /// Everything that is wrong, as one error.
  init(_ error: SettingsError) {
    if let problem = error.problems.first, error.problems.count == 1 {
      self.init(.badConfiguration, problem.description, advice: problem.advice)
    } else {
      let lines = error.problems.map { "  \($0)\n    try  \($0.advice)" }
      self.init(
        .badConfiguration,
        "\(error.problems.count) settings are wrong\n" + lines.joined(separator: "\n"))
    }
  }
}
