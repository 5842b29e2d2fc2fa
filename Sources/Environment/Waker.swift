// SPDX-License-Identifier: Apache-2.0

/// Ends a member's park from another thread of its process: for who has put something into a queue
/// that the member's thread reads.
///
/// The queue comes first, then `wake`. Whatever was put there before a wake is found by a look
/// after `arm`, or ends the park that follows it. A wake that nobody waits for costs a fence and a
/// load. It may be kept for as long as one likes: after the fabric's `close` it does nothing.
package struct Waker: Sendable {
  private let body: @Sendable () -> Void

  package init(_ body: @escaping @Sendable () -> Void) { self.body = body }

  /// Any thread, at any time.
  package func wake() { body() }
}
