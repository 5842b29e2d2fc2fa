// SPDX-License-Identifier: Apache-2.0

/// A rate of Derecho's over TCP that was measured before, on two cores: see the README of the
/// benchmarks for where it comes from.
struct PublishedRow {
  let members: Int
  let bytes: Int
  let window: Int
  let senders: Workload.Senders
  /// Messages of all senders in a second.
  let messages: Double
  /// Milliseconds of processor time for a message, of all processes.
  let cpu: Double

  static let derecho = [
    PublishedRow(members: 2, bytes: 64, window: 256, senders: .all, messages: 2831, cpu: 0.36),
    PublishedRow(members: 2, bytes: 64, window: 1000, senders: .all, messages: 12_037, cpu: 0.078),
    PublishedRow(members: 3, bytes: 64, window: 256, senders: .all, messages: 2398, cpu: 1.33),
    PublishedRow(members: 3, bytes: 1024, window: 256, senders: .all, messages: 2345, cpu: 0.52),
    PublishedRow(members: 3, bytes: 10_240, window: 16, senders: .one, messages: 16, cpu: 103),
    PublishedRow(members: 3, bytes: 1 << 20, window: 16, senders: .all, messages: 26, cpu: 91),
    PublishedRow(members: 3, bytes: 1 << 20, window: 16, senders: .one, messages: 10, cpu: 246),
  ]

  /// Bytes that each of its processes had resident at the least.
  static var resident: Contestant {
    var sample = Sample(wall: .nan, cpu: .nan)
    sample.figures = ["resident": 542e6 / 1_048_576]
    return Contestant(name: name) { sample }
  }

  private static let name = "Derecho, TCP"

  /// The same rate as a contestant that never changes.
  var contestant: Contestant {
    var sample = Sample(wall: .nan, cpu: .nan)
    sample.figures = ["messages": messages, "cpu/message": cpu * 1e3]
    return Contestant(name: Self.name) { sample }
  }
}
