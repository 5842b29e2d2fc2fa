// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import Runtime

@Suite("The table of settings")
struct SettingTableTests {
  @Test("Keys, variables and flags are of one setting each, and every section has some")
  func names() {
    let keys = SettingTable.keys
    #expect(Set(keys.map(\.name)).count == keys.count)
    #expect(Set(keys.map(\.variable)).count == keys.count)
    let flags = keys.compactMap(\.flag)
    // The command declares an option for each of these.
    #expect(
      flags == ["cluster", "key-file", "name", "listen", "join", "socket", "http", "transport"])
    #expect(SettingTable.nodeDataListen.variable == "MAPRED_NODE_DATA_LISTEN")
    for section in SettingTable.sections { #expect(keys.contains { $0.section == section.name }) }
    for key in keys {
      #expect(SettingTable.sections.contains { $0.name == key.section }, "\(key.name)")
      #expect(key.help.hasSuffix("."))
      #expect(SettingTable.key(named: key.name) == key)
    }
  }

  @Test("The file that init writes changes nothing")
  func initialFile() throws {
    let place = try SettingsPlace()
    let path = "\(place.path)/deep/er/mapred.toml"
    #expect(SettingsText.create(path) == nil)
    let settings = try Settings.read(.of(files: [path]))
    #expect(settings.entries.allSatisfy { $0.origin == .standard })
    #expect(SettingsText.create(path)?.contains("exists") == true)
    #expect(SettingsText.create("\(path)/x.toml") != nil)
  }

  @Test("With its marks taken away, that file says everything, and defaults as they are")
  func uncommented() throws {
    let place = try SettingsPlace()
    let text = SettingsText.file.split(separator: "\n").map { line in
      line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
    }.joined(separator: "\n")
    let path = try place.write("s.toml", text)
    let key = try place.write("key", "0123456789abcdef")
    // The example of a key's file is not there.
    let found = try Settings.read(
      .of(flags: ["cluster.key-file=\(key)"], files: [path])
    ).entries
    let standard = try Settings.read(.of()).entries
    for (entry, other) in zip(found, standard) {
      #expect(entry.origin != .standard, "\(entry.key.name)")
      if case .value = entry.key.standard { #expect(entry.value == other.value) }
    }
  }

  @Test("docs/reference/settings.md has the table", arguments: SettingTable.sections.map(\.name))
  func page(_ section: String) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("docs/reference/settings.md").path
    let page = try String(contentsOfFile: path, encoding: .utf8)
    let table = SettingsText.reference(section: section)
    #expect(page.contains(table), "section [\(section)] of the page should be:\n\(table)")
  }
}
