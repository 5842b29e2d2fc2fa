// SPDX-License-Identifier: Apache-2.0

/// The table of settings as text for people.
package enum SettingsText {
  /// A file that says what it could say: every setting as a comment, with its default.
  package static var file: String {
    var lines = [
      "# Settings of a mapred node. What is behind # is a comment: take the mark away to change",
      "# a setting. A variable overrides this file, and a flag overrides both.",
      "# `mapred config show` tells what holds and why, `mapred config check` what is wrong.",
    ]
    for section in SettingTable.sections {
      lines += ["", "# \(section.help)", "[\(section.name)]"]
      for key in SettingTable.keys where key.section == section.name {
        // A sentence a line.
        let sentences = key.help.replacing(". ", with: ".\n# ")
        lines += ["", "# \(sentences)"]
        lines.append("# \(key.kind.word): \(key.kind.range)")
        if case .derived(let words, _) = key.standard { lines.append("# default: \(words)") }
        lines.append("#\(key.word) = \(example(key))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The default, or an example where it is not known beforehand, as it stands in a file.
  private static func example(_ key: SettingKey) -> String {
    let text =
      switch key.standard {
      case .value(let text): text
      case .derived(_, let example): example
      }
    guard let value = try? key.kind.value(.plain(text)) else {
      preconditionFailure("the table gives \(key.name) the value \(text), which it cannot have")
    }
    return value.toml
  }

  /// The table of a section for a page, in Markdown.
  package static func reference(section: String) -> String {
    var lines = ["| key | type | allowed | default | what it is |", "|---|---|---|---|---|"]
    for key in SettingTable.keys where key.section == section {
      let standard =
        switch key.standard {
        case .value(""): "none"
        case .value(let text): "`\(text)`"
        case .derived(let words, _): words
        }
      var names = "`\(key.variable)`"
      if let flag = key.flag { names += ", `--\(flag)`" }
      lines.append(
        "| `\(key.name)`<br>\(names) | \(key.kind.word) | \(key.kind.range) "
          + "| \(standard) | \(key.help) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Writes a new file of settings; nil, or why that is not possible.
  package static func create(_ path: String) -> String? { FileBytes.create(path, file) }
}
