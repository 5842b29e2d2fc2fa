// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import Testing

@testable import MapReduce

/// Runs a job as its command line names it.
func run<J: Job>(_ type: J.Type, _ arguments: [String], threads: Int = 3) throws -> JobResult {
  try InlineRunner(threads: threads).run(Plan(J.parse(arguments)))
}

extension JobResult {
  func pairs<K: Key, V: Record>(_ name: String, as: (K, V).Type) throws -> [(K, V)] {
    var found: [(K, V)] = []
    let output = try #require(outputs.first { $0.name == name })
    try output.first(.max) { key, value in
      var reader = RecordReader(value)
      found.append((try K.decodeKey(key), try V(from: &reader)))
    }
    return found
  }

  func values<V: Record>(_ name: String, as: V.Type) throws -> [V] {
    var found: [V] = []
    let output = try #require(outputs.first { $0.name == name })
    try output.first(.max) { _, value in
      var reader = RecordReader(value)
      found.append(try V(from: &reader))
    }
    return found
  }

  /// The elements of a result of lines.
  func lines(_ name: String) throws -> [[UInt8]] {
    var found: [[UInt8]] = []
    let output = try #require(outputs.first { $0.name == name })
    try output.first(.max) { key, _ in found.append(Array(key)) }
    return found
  }
}

/// The texts of this package: something real to work on.
enum Corpus {
  /// The directory that holds `Package.swift`.
  static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }

  /// All sources, in the order of their paths.
  static var files: [String] {
    let folders = ["Sources", "Jobs", "Tests"].map { root.appending(path: $0) }
    return folders.flatMap { folder in
      let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
      return (walk?.compactMap { ($0 as? URL)?.path } ?? []).filter { $0.hasSuffix(".swift") }
    }.sorted()
  }

  /// The lines of a file, found by Foundation.
  static func lines(_ path: String) throws -> [String] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var lines = text.components(separatedBy: "\n")
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The words of a line, found scalar by scalar.
  static func words(_ line: String) -> [String] {
    line.unicodeScalars.split { !isWordScalar($0) }.map { String($0) }
  }

  private static func isWordScalar(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": true
    default: scalar.value >= 0x80
    }
  }
}

/// A file of its own for a test; removed at the end.
final class TemporaryFile {
  let path: String

  init(_ bytes: some Sequence<UInt8>) throws {
    let name = "jobs-tests-\(UUID().uuidString)"
    path = FileManager.default.temporaryDirectory.appending(path: name).path
    try Data(bytes).write(to: URL(filePath: path))
  }

  convenience init(lines: [String]) throws {
    try self.init(lines.flatMap { Array($0.utf8) + [0x0A] })
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
