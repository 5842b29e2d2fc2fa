// SPDX-License-Identifier: Apache-2.0
import Exchange

/// One thing that can be asked over HTTP: what the server looks for, and what `openapi.json` says.
struct Route: Sendable {
  struct Parameter: Sendable {
    enum Place: String, Sendable {
      case path
      case query
      case header
    }

    let name: String
    let place: Place
    let schema: JSON
    let help: String
  }

  /// What a request carries.
  enum Body: Sendable {
    case none
    /// JSON of a schema of `openapi.json`.
    case document(String)
    case bytes
  }

  struct Answer: Sendable {
    let status: Int
    let help: String
    /// Media types, each with the name of its schema, where it has one.
    let content: [(type: String, schema: String?)]
  }

  let method: String
  /// `/v1/jobs/{id}:cancel`: a part of the path is a word, or a name with what follows it.
  let template: String
  /// One word, for generated clients.
  let operation: String
  let summary: String
  let parameters: [Parameter]
  let body: Body
  let answers: [Answer]
  /// Whether it is answered without the token.
  let isOpen: Bool
  let serve: @Sendable (HTTPExchange) throws(HTTPFailure) -> Void

  init(
    _ method: String, _ template: String, _ operation: String, _ summary: String,
    _ parameters: [Parameter], body: Body = .none, isOpen: Bool = false,
    _ answers: [Answer],
    _ serve: @escaping @Sendable (HTTPExchange) throws(HTTPFailure) -> Void
  ) {
    self.method = method
    self.template = template
    self.operation = operation
    self.summary = summary
    self.parameters = parameters
    self.body = body
    self.answers = answers
    self.isOpen = isOpen
    self.serve = serve
  }

  /// What the names in the template stand for; nil where the path is another one.
  func match(_ path: [String]) -> [String: String]? {
    let parts = template.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == path.count else { return nil }
    var names: [String: String] = [:]
    for (part, word) in zip(parts, path) {
      guard part.hasPrefix("{"), let end = part.firstIndex(of: "}") else {
        guard part == word else { return nil }
        continue
      }
      let suffix = part[part.index(after: end)...]
      guard word.hasSuffix(suffix), word.utf8.count > suffix.utf8.count else { return nil }
      names[String(part[part.index(after: part.startIndex)..<end])] =
        String(word.dropLast(suffix.count))
    }
    return names
  }

  /// How much of the template is said by words: of two that match, the one with more is meant.
  var wordBytes: Int {
    var isName = false
    return template.utf8.reduce(0) { sum, byte in
      if byte == UInt8(ascii: "{") { isName = true }
      defer { if byte == UInt8(ascii: "}") { isName = false } }
      return sum + (isName ? 0 : 1)
    }
  }
}
