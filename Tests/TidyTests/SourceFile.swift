// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A place where a rule is broken.
struct Violation: CustomStringConvertible {
  let path: String
  /// From 1.
  let line: Int
  let what: String

  var description: String { "\(path):\(line): \(what)" }
}

/// A file of the project.
struct SourceFile: Sendable {
  /// From the root of the package: `Sources/Memory/Bytes/Bytes.swift`.
  let path: String
  let text: String
  let lines: [Substring]
  /// The same lines without comments and without what stands in string literals.
  let code: [Substring]

  init(_ path: String, _ text: String) {
    self.path = path
    self.text = text
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    code =
      path.hasSuffix(".swift")
      ? SwiftText.codeOnly(text).split(separator: "\n", omittingEmptySubsequences: false) : lines
  }

  var isSwift: Bool { path.hasSuffix(".swift") }

  /// The target that a source file belongs to; nil outside of targets.
  var target: String? {
    let parts = path.split(separator: "/").map(String.init)
    guard parts.count > 1 else { return nil }
    switch parts[0] {
    case "Sources", "Tests": return parts[1]
    case "Jobs", "Benchmarks": return parts[0]
    default: return nil
    }
  }

  func violation(_ index: Int, _ what: String) -> Violation {
    Violation(path: path, line: index + 1, what: what)
  }

  /// Where lines of code hold a word that `isBanned`.
  func violations(
    _ what: String, where isBanned: (_ tokens: [Substring], _ index: Int) -> Bool
  ) -> [Violation] {
    code.enumerated().flatMap { number, line in
      let tokens = SwiftText.tokens(line)
      return tokens.indices.filter { isBanned(tokens, $0) }.map {
        violation(number, "\(tokens[$0]): \(what)")
      }
    }
  }
}

/// All files of the project.
enum SourceTree {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// Every Swift file, and the package's description.
  static let swift = files(["swift"])
  /// Every file that people write code in.
  static let code = files(["swift", "c", "h", "cpp", "sh", "py"]) + ciScripts
  static let markdown = files(["md"])

  private static let ciScripts = [".ci/run"].compactMap(read)

  private static func files(_ endings: [String]) -> [SourceFile] {
    paths.filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }.compactMap(read)
  }

  private static func read(_ path: String) -> SourceFile? {
    FileManager.default.contents(atPath: "\(root)/\(path)").map {
      SourceFile(path, String(decoding: $0, as: UTF8.self))
    }
  }

  /// What lies in the project's own directories and at its root, without what is built.
  static let paths: [String] = {
    let directories = ["Sources", "Tests", "Jobs", "Benchmarks", "docs"]
    let inside = directories.flatMap { directory -> [String] in
      let found = FileManager.default.enumerator(atPath: "\(root)/\(directory)")
      return (found?.compactMap { $0 as? String } ?? []).map { "\(directory)/\($0)" }
    }
    let top = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return (inside + top.filter { !isDirectory($0) })
      .filter { path in !path.split(separator: "/").contains { $0 == "build" || $0 == ".build" } }
      .sorted()
  }()

  static func isDirectory(_ path: String) -> Bool {
    var isDirectory: ObjCBool = false
    let exists = unsafe FileManager.default.fileExists(
      atPath: "\(root)/\(path)", isDirectory: &isDirectory)
    return exists && isDirectory.boolValue
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(root)/\(path)")
  }
}
