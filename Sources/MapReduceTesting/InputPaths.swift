// SPDX-License-Identifier: Apache-2.0

/// Where the files of a run lie for as long as it runs.
public struct InputPaths: Sendable {
  /// The directory with all of them.
  public let directory: String
  private let names: [String]

  init(directory: String, names: [String]) {
    self.directory = directory
    self.names = names
  }

  /// The path of a file, or of a directory in which some are.
  public subscript(name: String) -> String { "\(directory)/\(name)" }

  /// The argument with paths in place of the names in braces. Braces around anything else stay:
  /// they may be a pattern's.
  func filled(_ argument: String) -> String {
    var filled = argument
    for name in names.flatMap(Self.places) {
      filled = filled.replacing("{\(name)}", with: self[name])
    }
    return filled
  }

  /// A text in which files have the names that the test gave them.
  func shortened(_ text: String) -> String { text.replacing("\(directory)/", with: "") }

  /// A file's name, and those of the directories that it is in.
  private static func places(of name: String) -> [String] {
    let parts = name.split(separator: "/")
    return parts.indices.map { parts[...$0].joined(separator: "/") }
  }
}
