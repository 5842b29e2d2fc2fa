// SPDX-License-Identifier: Apache-2.0
package import Fabrics

/// The value of every setting, and where it comes from.
package struct Settings: Sendable {
  package struct Entry: Sendable {
    package let key: SettingKey
    /// Nil where there is none, and none is needed.
    package let value: SettingValue?
    package let origin: SettingOrigin
  }

  /// One for each key of the table, in its order.
  package let entries: [Entry]
  /// What the file of `cluster.key-file` holds.
  package let clusterKey: ClusterKey?

  /// Flags override variables, which override files, which override defaults. Everything that is
  /// wrong is told at once, also what is overridden.
  package static func read(_ sources: SettingsSources) throws(SettingsError) -> Settings {
    var reader = SettingsReader(sources)
    reader.readAll()
    var rules = SettingsRules(entries: reader.entries, broken: reader.broken)
    rules.check()
    let problems = reader.problems + rules.problems
    guard problems.isEmpty else { throw SettingsError(problems: problems) }
    return Settings(entries: reader.entries, clusterKey: rules.clusterKey)
  }

  package subscript(key: SettingKey) -> SettingValue? {
    entries.first { $0.key.name == key.name }?.value
  }
}
