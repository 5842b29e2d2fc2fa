// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestSupport

/// A directory with input of all kinds; removed at the end.
final class Corpus {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "executor-tests-\(UUID().uuidString)")
    // Executors of a root's node run as another user.
    try FileManager.default.createDirectory(
      at: url.appending(path: "texts"), withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
    path = url.path
    for name in ["a", "b", "c"] {
      try write("texts/\(name).txt", Self.lines(20_000, seed: UInt64(name.utf8.first ?? 0)))
    }
    let lines = Self.lines(5000, seed: 9)
    try write("documents.txt", lines.enumerated().map { "document\($0 % 700)\t\($1)" })
    try write("numbers.csv", (0..<40_000).map { "\(Double($0 * 7919 % 10_007) / 7)" })
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ lines: [String]) throws {
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
  }

  /// Writes a program of the shell; returns its path.
  func script(_ name: String, _ lines: [String]) throws -> String {
    try write(name, lines)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: "\(path)/\(name)")
    return "\(path)/\(name)"
  }

  private static let words = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa",
  ]

  private static func lines(_ count: Int, seed: UInt64) -> [String] {
    var state = seed
    func next() -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33)
    }
    return (0..<count).map { _ in
      (0..<6).map { _ in "\(words[next() % words.count])\(next() % 4000)" }.joined(separator: " ")
    }
  }
}
