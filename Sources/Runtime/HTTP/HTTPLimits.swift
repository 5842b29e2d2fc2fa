// SPDX-License-Identifier: Apache-2.0

/// How much the HTTP server takes. Together with `connections` they bound its memory: a connection
/// holds its head, one piece of an executable or the next bytes of each partition of a result.
struct HTTPLimits: Sendable {
  /// Connections that are served at a time, each on a thread of its own.
  var connections = 128
  /// Connections beyond these are told that there are too many; further ones without being read.
  var surplus = 16
  /// Bytes of a request's line and fields together.
  var headBytes = 16 << 10
  /// Bytes of a request's line.
  var lineBytes = 8 << 10
  var fields = 64
  /// Bytes of a JSON document; a node's request takes no more than its own limit either.
  var documentBytes = 256 << 10
  /// From the first byte of a head to its last.
  var headMilliseconds = 10_000
  /// Between two requests of a connection.
  var idleMilliseconds = 30_000
  /// Without any progress of a body or an answer.
  var stallMilliseconds = 10_000
  /// A body that comes more slowly, from its second `stallMilliseconds` on, is given up.
  var bytesPerSecond = 16 << 10
  /// How long what a client still sends is taken in after its last answer.
  var lingerMilliseconds = 2000
  /// How long the node may take to answer what it can answer at once.
  var answerMilliseconds = 10_000
  /// The longest that a client may ask to wait.
  var waitMilliseconds = 300_000
  /// Streams say at least this often that they live.
  var heartbeatMilliseconds = 15_000
}
