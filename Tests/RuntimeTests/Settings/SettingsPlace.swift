// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Testing

@testable import Runtime

/// A directory with files of settings, removed with the test.
final class SettingsPlace {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "mapred-settings-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, and gives its path.
  @discardableResult
  func write(_ name: String, _ text: String, mode: mode_t = 0o600) throws -> String {
    try write(name, Array(text.utf8), mode: mode)
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    try #require(unsafe chmod(file, mode) == 0)
    return file
  }
}

extension SettingsSources {
  /// A host whose own settings are known, and nothing else but what a test says. Flags are written
  /// as `key=value`.
  static func of(
    flags: [String] = [], environment: [String: String] = [:], files: [String] = []
  ) -> SettingsSources {
    SettingsSources(
      flags: flags.map { flag in
        let parts = flag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return Flag(key: String(parts[0]), value: String(parts[1]), name: "--set \(parts[0])")
      },
      environment: environment, files: files.map { File(path: $0, isRequired: true) },
      host: Host(name: "alpha", user: 1234, bootID: "b007"))
  }
}

extension Settings {
  /// Value and origin as they are shown.
  func shown(_ key: SettingKey) -> String {
    let entry = entries.first { $0.key == key }
    return "\(entry?.value?.description ?? "-") from \(entry?.origin.description ?? "nowhere")"
  }
}

/// What is wrong with settings; nothing where they are right.
func problems(_ sources: SettingsSources) -> [SettingsProblem] {
  do throws(SettingsError) {
    _ = try Settings.read(sources)
    return []
  } catch { return error.problems }
}
