// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Everything that settings are read from. Nothing else of the system is looked at, but the files
/// that are named here and the cluster's key.
package struct SettingsSources: Sendable {
  /// A setting that stands on a command line.
  package struct Flag: Sendable, Hashable {
    package let key: String
    package let value: String
    /// As it was written: `--listen`, `--set node.listen`.
    package let name: String

    package init(key: String, value: String, name: String) {
      self.key = key
      self.value = value
      self.name = name
    }
  }

  /// What a host says of itself.
  package struct Host: Sendable, Hashable {
    package var name: String
    package var user: UInt32
    /// Differs from host to host and from start to start.
    package var bootID: String
    package var processors: Int
    /// What a process may have of it.
    package var memoryBytes: Int

    package init(
      name: String, user: UInt32, bootID: String, processors: Int = 1,
      memoryBytes: Int = 1 << 30
    ) {
      self.name = name
      self.user = user
      self.bootID = bootID
      self.processors = processors
      self.memoryBytes = memoryBytes
    }
  }

  /// A file of settings.
  package struct File: Sendable, Hashable {
    package let path: String
    /// Whether it is an error that it does not exist.
    package let isRequired: Bool

    package init(path: String, isRequired: Bool) {
      self.path = path
      self.isRequired = isRequired
    }
  }

  /// Later ones override earlier ones, here and in the files.
  package var flags: [Flag]
  package var environment: [String: String]
  package var files: [File]
  package var host: Host

  package init(flags: [Flag], environment: [String: String], files: [File], host: Host) {
    self.flags = flags
    self.environment = environment.filter { !$0.value.isEmpty }
    self.files = files
    self.host = host
  }

  /// This process's own. `configFile` is what `--config` says.
  package static func ofProcess(flags: [Flag], configFile: String?) -> SettingsSources {
    let environment = processEnvironment
    let named = configFile ?? environment[configVariable].flatMap { $0.isEmpty ? nil : $0 }
    return SettingsSources(
      flags: flags, environment: environment,
      files: [
        File(path: "/etc/mapred/mapred.toml", isRequired: false),
        userFile(environment).map { File(path: $0, isRequired: false) },
        named.map { File(path: $0, isRequired: true) },
      ].compactMap { $0 },
      host: .current)
  }

  /// Names a file like `--config` does.
  package static let configVariable = "MAPRED_CONFIG"

  /// The user's own file; nil where the user has no home.
  package static func userFile(_ environment: [String: String]) -> String? {
    if let directory = absolute(environment["XDG_CONFIG_HOME"]) {
      return "\(directory)/mapred/mapred.toml"
    }
    return absolute(environment["HOME"]).map { home in
      "\(home == "/" ? "" : home)/.config/mapred/mapred.toml"
    }
  }

  /// A path that can be built on: relative ones are to be ignored in these variables.
  static func absolute(_ path: String?) -> String? {
    path.flatMap { $0.hasPrefix("/") ? $0 : nil }
  }

  /// Where what does not fit into memory lies where nobody says otherwise: on a disk, as far as one
  /// can tell. `/tmp` is often memory.
  package static func scratchDirectory(_ environment: [String: String]) -> String {
    environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
  }

  /// What the process was started with.
  package static var processEnvironment: [String: String] {
    guard case .bytes(let bytes) = FileBytes.read("/proc/self/environ", most: 16 << 20) else {
      return [:]
    }
    var found: [String: String] = [:]
    for entry in bytes.split(separator: 0) {
      guard let equals = entry.firstIndex(of: 0x3D) else { continue }
      let name = String(decoding: entry[..<equals], as: UTF8.self)
      found[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
    }
    return found
  }
}

extension SettingsSources.Host {
  /// This host.
  package static var current: Self {
    var name = [CChar](repeating: 0, count: 256)
    let isNamed = unsafe gethostname(&name, name.count - 1) == 0
    let bytes = name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    var bootID = ""
    if case .bytes(let line) = FileBytes.read("/proc/sys/kernel/random/boot_id", most: 128) {
      bootID = String(decoding: line.prefix { $0 > 0x20 }, as: UTF8.self)
    }
    return Self(
      name: isNamed ? String(decoding: bytes, as: UTF8.self) : "", user: geteuid(), bootID: bootID,
      processors: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
      memoryBytes: HostMemory.available)
  }
}
