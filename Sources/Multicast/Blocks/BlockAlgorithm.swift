// SPDX-License-Identifier: Apache-2.0

/// How the blocks of a large message spread over the members of its group.
///
/// With `k` blocks and `n` members, in steps of one block sent and one received by a member:
package enum BlockAlgorithm: String, Sendable, Hashable, CaseIterable {
  /// The binomial pipeline: every member that has a block passes one on in every step.
  /// `k + ⌈log2 n⌉ - 1` steps, within one of the least possible. (Behrens et al., RDMC, DSN 2018.)
  case binomial
  /// Each member passes on to the next. `k + n - 2` steps.
  case chain
  /// The root sends the whole message to one member after the other. `k (n - 1)` steps.
  case sequential
  /// A binomial tree of whole messages. `k ⌈log2 n⌉` steps.
  case tree
}
