// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// Why a fabric could not be opened or a group not be formed: what happened, and what to do.
package struct FabricError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// Settings that make no sense.
    case configuration
    /// An address that is not there, cannot be resolved, or is taken.
    case address
    /// Members did not come in time.
    case timeout
    /// Another thread said that the group shall not be formed.
    case cancelled
    /// A peer that forms another epoch: it is called again.
    case epoch
    /// A peer that is not of this cluster, version or layout, or does not know the key.
    case refused
    /// A peer that went away.
    case lost
    /// Too little memory, or too low a limit of it.
    case memory
    /// No device, or no support for it in this build.
    case noDevice = "no_device"
    /// The system refused a call.
    case system
  }

  package let code: Code
  package let message: String
  package let advice: String?
  /// Members that did not come, where it is that.
  package var missing = RankSet()

  package init(_ code: Code, _ message: String, advice: String? = nil) {
    self.code = code
    self.message = message
    self.advice = advice
  }

  package var description: String { advice.map { "\(message): \($0)" } ?? message }
}
