// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong with the settings.
package struct SettingsProblem: Sendable, Hashable, CustomStringConvertible {
  /// The setting, where it is about one.
  package let key: String?
  /// Where it was written: `--listen`, `MAPRED_NODE_LISTEN`, `/etc/mapred/mapred.toml:3`.
  package let place: String
  package let message: String
  /// What to do.
  package let advice: String

  init(_ key: String?, at place: String, _ message: String, advice: String) {
    self.key = key
    self.place = place
    self.message = message
    self.advice = advice
  }

  package var description: String { "\(place): \(message)" }
}

/// Everything that is wrong with the settings: at least one problem.
package struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
  package let problems: [SettingsProblem]

  package var description: String {
    problems.map { "\($0)\n  try  \($0.advice)" }.joined(separator: "\n")
  }
}

/// Why a value cannot be what a setting takes; the setting's name stands before the message.
struct Complaint: Error {
  let message: String
  let advice: String
}
