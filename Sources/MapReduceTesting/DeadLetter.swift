// SPDX-License-Identifier: Apache-2.0

/// A record that failed and was left out by `onError`.
public struct DeadLetter: Hashable, Sendable {
  /// Where it stands: `orders.csv:17`; empty for pairs of an earlier stage.
  public var place: String
  /// What was thrown, and by which operator.
  public var what: String
  /// The record as it stands in the input, or its beginning; of pairs of an earlier stage, the key.
  public var record: [UInt8]

  /// The record as text.
  public var text: String { String(decoding: record, as: UTF8.self) }
}
