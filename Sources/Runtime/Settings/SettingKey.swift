// SPDX-License-Identifier: Apache-2.0

/// One line of the table of settings: all that is known of a setting.
package struct SettingKey: Sendable, Hashable {
  /// What it is where nobody says anything.
  package enum Standard: Sendable, Hashable {
    /// As it would be written.
    case value(String)
    /// Follows from the host or from other settings: said in words, and an example.
    case derived(String, example: String)
  }

  /// Section and word: `node.listen`.
  package let name: String
  package let kind: SettingKind
  package let standard: Standard
  /// One line for people.
  package let help: String
  /// The flag that is of this setting alone, where it has one.
  package let flag: String?

  init(
    _ name: String, _ kind: SettingKind, _ standard: Standard, flag: String? = nil, _ help: String
  ) {
    self.name = name
    self.kind = kind
    self.standard = standard
    self.flag = flag
    self.help = help
  }

  package var section: String { String(name.prefix { $0 != "." }) }
  package var word: String { String(name.drop { $0 != "." }.dropFirst()) }

  /// `MAPRED_NODE_DATA_LISTEN`.
  package var variable: String {
    "MAPRED_" + name.uppercased().map { $0.isLetter ? String($0) : "_" }.joined()
  }
}
