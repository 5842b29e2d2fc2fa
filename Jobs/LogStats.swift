// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Tells how large a web server's answers were, by path: an access log in the Common Log Format.
struct LogStats: Job {
  static let name = "logstats"
  static let abstract = "Percentiles of the sizes of answers by path, from an access log."

  @Argument(help: "Access logs in the Common Log Format (Combined does as well).")
  var input: [String]

  func plan(_ flow: Flow) {
    let skipped = flow.counter("lines that are no log entries")
    flow.read(.lines(input))
      .flatMap(to: (Bytes, Int).self) { line, emit in
        guard let entry = LogEntry(line) else { return skipped.add() }
        emit(entry.path, entry.bytes)
      }
      .group(orderedBy: { $0 }) { _, sizes in Percentiles(of: sizes) }
      .write(.result("logstats"))
  }
}

/// What is wanted of a line such as
/// `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /index.html HTTP/1.0" 200 2326`.
struct LogEntry {
  let path: Bytes
  let bytes: Int

  /// Nil where the line is none. A size of `-` is 0; what stands behind a `?` is not of the path.
  init?(_ line: Bytes) {
    guard let open = line.firstIndex(of: 0x22, from: 0),
      let close = line.firstIndex(of: 0x22, from: open + 1)
    else { return nil }
    let request = line[open + 1..<close]
    guard let target = request.field(1, separator: " "), target.count > 0 else { return nil }
    path = target[0..<(target.firstIndex(of: 0x3F, from: 0) ?? target.count)]
    // A space, the status, a space, the size.
    let rest = line[close + 1..<line.count]
    guard let status = rest.field(1, separator: " "), Int(status) != nil,
      let size = rest.field(2, separator: " ")
    else { return nil }
    guard let bytes = size == Bytes("-") ? 0 : Int(size), bytes >= 0 else { return nil }
    self.bytes = bytes
  }
}

/// Percentiles by nearest rank: the smallest value that so many of a hundred do not exceed.
struct Percentiles: Codable, Record, Equatable {
  var count = 0
  var p50 = 0
  var p90 = 0
  var p99 = 0
  var largest = 0

  /// Of numbers that come in ascending order.
  init(of numbers: some Sequence<Int>) {
    count = numbers.underestimatedCount
    var place = 0
    for number in numbers {
      place += 1
      if place == rank(50) { p50 = number }
      if place == rank(90) { p90 = number }
      if place == rank(99) { p99 = number }
      largest = number
    }
  }

  private func rank(_ percent: Int) -> Int { (count * percent + 99) / 100 }
}
