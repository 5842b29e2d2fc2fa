// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Ends the forming of a group from another thread: for who learns meanwhile that a member is gone.
package final class Cancellation: Sendable {
  private let isSet = Atomic<Bool>(false)

  package init() {}

  /// `open` ends by an error within some hundredths of a second, or has ended. O(1).
  package func cancel() { isSet.store(true, ordering: .releasing) }

  package var isCancelled: Bool { isSet.load(ordering: .acquiring) }
}

extension Formation {
  /// How long a wait goes on without a look at `cancellation`.
  static let tickMilliseconds: Int32 = 10

  /// Throws where somebody has cancelled.
  func checkCancellation() throws(FabricError) {
    guard cancellation?.isCancelled == true else { return }
    throw FabricError(
      .cancelled, "\(rank) was told to give up forming the group of epoch \(epoch)",
      advice: "nothing is left of it: form the next one")
  }
}
