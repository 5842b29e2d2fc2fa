// SPDX-License-Identifier: Apache-2.0

/// Gathers what each source says of each setting.
struct SettingsReader {
  private let sources: SettingsSources
  private var found: [String: (value: SettingValue, origin: SettingOrigin)] = [:]
  private(set) var problems: [SettingsProblem] = []
  /// Settings of which something is wrong: they have another value than was meant.
  private(set) var broken: Set<String> = []
  private(set) var entries: [Settings.Entry] = []

  init(_ sources: SettingsSources) { self.sources = sources }

  /// From what is overridden to what overrides.
  mutating func readAll() {
    for file in sources.files { read(file) }
    readEnvironment()
    for flag in sources.flags {
      guard let key = SettingTable.key(named: flag.key) else {
        addUnknown(flag.key, at: flag.name)
        continue
      }
      take(.plain(flag.value), key, .flag(flag.name))
    }
    for key in SettingTable.keys {
      let said = found[key.name] ?? standard(key).map { ($0, .standard) }
      if let said { found[key.name] = said }
      entries.append(
        Settings.Entry(key: key, value: said?.value, origin: said?.origin ?? .standard))
    }
  }

  private mutating func take(_ written: WrittenValue, _ key: SettingKey, _ origin: SettingOrigin) {
    do throws(Complaint) {
      found[key.name] = (try key.kind.value(written), origin)
    } catch {
      broken.insert(key.name)
      problems.append(
        SettingsProblem(
          key.name, at: origin.description, "\(key.name) \(error.message)", advice: error.advice))
    }
  }
}

// MARK: - Files

extension SettingsReader {
  private mutating func read(_ file: SettingsSources.File) {
    switch FileBytes.read(file.path, most: SettingsFile.bytesMaximum) {
    case .bytes(let bytes):
      do throws(SettingsFile.Failure) {
        take(try SettingsFile(bytes), file.path)
      } catch {
        add(
          at: "\(file.path):\(error.line):\(error.column)", error.message,
          advice: "`config init -` shows how a file of settings looks")
      }
    case .missing where !file.isRequired: break
    case .missing:
      add(at: file.path, "there is no such file", advice: "`config init \(file.path)` makes one")
    case .tooLarge:
      add(
        at: file.path, "the file has more than \(Units.text(bytes: SettingsFile.bytesMaximum))",
        advice: "is it a file of settings?")
    case .failed(let reason):
      add(
        at: file.path, "cannot read the file: \(reason)",
        advice: "check its permissions and those of its directory")
    }
  }

  private mutating func take(_ file: SettingsFile, _ path: String) {
    // What stands in a section that is unknown was told with the section.
    var unknown: [String]?
    for entry in file.entries {
      let origin = SettingOrigin.file(path: path, line: entry.line)
      let name = Self.name(entry.path)
      guard let value = entry.value else {
        unknown = isSection(name) ? nil : entry.path
        if unknown != nil { addUnknownSection(name, at: origin.description) }
        continue
      }
      if let unknown, entry.path.starts(with: unknown) { continue }
      if let key = SettingTable.key(named: name) {
        take(value, key, origin)
      } else {
        addUnknown(name, at: origin.description)
      }
    }
  }

  /// The path as it is written in a file: keys that are not plain words stand in quotes.
  private static func name(_ path: [String]) -> String {
    path.map { key in
      let isPlain =
        !key.isEmpty
        && key.utf8.allSatisfy { byte in
          (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
            || byte == 0x2D || byte == 0x5F
        }
      return isPlain ? key : key.debugDescription
    }.joined(separator: ".")
  }

  private func isSection(_ name: String) -> Bool {
    SettingTable.sections.contains { $0.name == name }
  }

  private mutating func addUnknownSection(_ name: String, at place: String) {
    if let key = SettingTable.key(named: name) {
      broken.insert(name)
      return add(
        key, at: place, "\(name) takes a \(key.kind.word), not a table",
        advice: "write \(key.word) = … under [\(key.section)]")
    }
    let names = SettingTable.sections.map(\.name)
    let meant = EditDistance.nearest(to: name, in: names, edits: edits(name))
    add(
      at: place, "there is no section [\(name)]",
      advice: meant.map { "did you mean [\($0)]?" }
        ?? "the sections are " + names.map { "[\($0)]" }.joined(separator: ", "))
  }
}

// MARK: - Variables and names

extension SettingsReader {
  private mutating func readEnvironment() {
    for key in SettingTable.keys {
      guard let text = sources.environment[key.variable] else { continue }
      take(.plain(text), key, .variable(key.variable))
    }
    // Other programs may have variables that begin like ours (a service called mapred makes
    // MAPRED_SERVICE_HOST in its neighbours), so only what is nearly one of ours is an error.
    let names = SettingTable.keys.map(\.variable) + [SettingsSources.configVariable]
    for name in sources.environment.keys.sorted()
    where name.hasPrefix("MAPRED_") && !names.contains(name) {
      guard let meant = EditDistance.nearest(to: name, in: names, edits: 1) else { continue }
      add(at: name, "this variable is no setting", advice: "did you mean \(meant)?")
    }
  }

  private mutating func addUnknown(_ name: String, at place: String) {
    if isSection(name) {
      return add(
        at: place, "\(name) is a section, not a setting", advice: "write [\(name)] and its keys")
    }
    let names = SettingTable.keys.map(\.name)
    // The word alone, where the section is another one.
    let word = name.split(separator: ".").last.map(String.init) ?? name
    let meant =
      EditDistance.nearest(to: name, in: names, edits: edits(name))
      ?? SettingTable.keys.first { $0.word == word }?.name
    add(
      at: place, "\(name) is no setting",
      advice: meant.map { "did you mean \($0)?" } ?? "`config init -` lists all settings")
  }

  /// How many edits make a word another one.
  private func edits(_ name: String) -> Int { max(2, name.utf8.count / 3) }

  private mutating func add(
    _ key: SettingKey? = nil, at place: String, _ message: String, advice: String
  ) {
    problems.append(SettingsProblem(key?.name, at: place, message, advice: advice))
  }
}

// MARK: - Defaults

extension SettingsReader {
  /// The value of a setting that nobody has said anything about. Settings that it follows from
  /// stand before it in the table.
  private mutating func standard(_ key: SettingKey) -> SettingValue? {
    guard let text = standardText(key), text != "" || key.kind == .addresses else { return nil }
    do throws(Complaint) {
      return try key.kind.value(.plain(text))
    } catch {
      broken.insert(key.name)
      add(
        key, at: "default", "\(key.name) \(error.message)",
        advice: "set it: \(error.advice)")
      return nil
    }
  }

  private func standardText(_ key: SettingKey) -> String? {
    if case .value(let text) = key.standard { return text }
    switch key {
    case SettingTable.nodeName: return sources.host.name
    case SettingTable.nodeHost: return sources.host.bootID
    case SettingTable.executorSlots: return String(sources.host.processors)
    case SettingTable.memoryLimit:
      return "\(HostMemory.standard(of: sources.host.memoryBytes) >> 20)MiB"
    case SettingTable.memoryScratch:
      return SettingsSources.scratchDirectory(sources.environment)
    case SettingTable.nodeDataListen:
      guard case .address(let listen)? = found[SettingTable.nodeListen.name]?.value else {
        return nil
      }
      return HostPort(host: listen.host, port: 0).description
    case SettingTable.nodeSocket:
      guard let name = found[SettingTable.nodeName.name]?.value else { return nil }
      let directory = PrivateDirectory.ofSockets(sources.environment, user: sources.host.user)
      return "\(directory)/\(name).sock"
    default: return nil
    }
  }
}
