// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// What a finished command left: how it ended and what it wrote.
struct Outcome: Sendable {
  /// The exit code; nil where a signal ended the process.
  let code: Int32?
  /// The signal that ended the process.
  let signal: Int32?
  let data: Data
  /// Standard error.
  let words: String

  /// Standard output, which may hold bytes that are not UTF-8.
  var text: String { String(decoding: data, as: UTF8.self) }

  /// The lines of standard output.
  var lines: [String] {
    text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
  }

  /// Every line of standard output as a JSON document.
  func documents() throws -> [any Sendable] {
    try lines.map { line in
      try #require(JSON.parse(line), "not JSON: \(line)")
    }
  }

  /// Every line of standard output as a JSON object.
  func objects() throws -> [JSON.Object] {
    try lines.map { line in
      try #require(JSON.parse(line) as? JSON.Object, "not a JSON object: \(line)")
    }
  }
}

/// Reads JSON into plain values, strictly.
enum JSON {
  typealias Object = [String: any Sendable]

  static func parse(_ text: String) -> (any Sendable)? {
    let value = try? JSONSerialization.jsonObject(
      with: Data(text.utf8), options: .fragmentsAllowed)
    return value.flatMap(plain)
  }

  private static func plain(_ value: Any) -> (any Sendable)? {
    switch value {
    case let text as String: return text
    case let object as [String: Any]: return object.compactMapValues(plain)
    case let array as [Any]: return array.compactMap(plain)
    case let number as NSNumber: return number.doubleValue
    default: return nil
    }
  }
}

/// Checks that a command failed as it should: the code, nothing on standard output, and words that
/// name what is wrong.
func expectFailure(
  _ outcome: Outcome, _ code: Int32, naming names: String...,
  at location: SourceLocation = #_sourceLocation
) {
  #expect(outcome.code == code, "\(outcome.words)", sourceLocation: location)
  #expect(outcome.data.isEmpty, "a failure has no data", sourceLocation: location)
  for name in names {
    #expect(
      outcome.words.contains(name), "\"\(name)\" is missing in: \(outcome.words)",
      sourceLocation: location)
  }
  // Stages that were done before are told before.
  let isTold = outcome.words.split(separator: "\n").contains {
    $0.lowercased().hasPrefix("error: ")
  }
  #expect(isTold, "no line begins with \"error: \": \(outcome.words)", sourceLocation: location)
}

/// Checks that a command succeeded.
func expectSuccess(_ outcome: Outcome, at location: SourceLocation = #_sourceLocation) {
  #expect(outcome.code == 0, "\(outcome.words)", sourceLocation: location)
}
