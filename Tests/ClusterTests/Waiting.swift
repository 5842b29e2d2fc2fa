// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Waits for what happens in other processes.
enum Waiting {
  struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  /// Long enough for a slow machine.
  static let patience = Duration.seconds(90)

  /// Looks again and again until `body` gives a value; throws where it never does.
  @discardableResult
  static func until<T>(
    _ what: String, patience: Duration = patience, _ body: () async throws -> T?
  ) async throws -> T {
    let deadline = ContinuousClock.now + patience
    while true {
      if let value = try await body() { return value }
      guard ContinuousClock.now < deadline else {
        throw Failure("it never came to this: \(what)")
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}
