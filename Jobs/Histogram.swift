// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Counts the values of a numeric field in bins of one width.
struct Histogram: Job {
  static let abstract = "Counts the values of a numeric field in bins of one width."

  @Argument(help: "Files to read, one record a line.") var input: [String]
  @Option(help: "Which field holds the number, from 1.") var field = 1
  @Option(help: "The character between fields.") var separator = ","
  @Option(help: "The width of a bin.") var width = 1.0

  func validate() throws {
    if field < 1 { throw ValidationError("fields are numbered from 1") }
    if !(width > 0) { throw ValidationError("the width of a bin is above zero") }
    if separator.unicodeScalars.count != 1 || !separator.utf8.allSatisfy({ $0 < 0x80 }) {
      throw ValidationError("the separator is one ASCII character")
    }
  }

  func plan(_ flow: Flow) {
    let separator = separator.unicodeScalars.first ?? ","
    let values = flow.read(.lines(input))
      .compactMap { [field] line in line.field(field - 1, separator: separator) }
      .compactMap { Double($0) }
      .filter { $0.isFinite }
    values.keyed { [width] value in ((value / width).rounded(.down) * width, 1) }
      .reduce(+)
      .write(.result("histogram"))
    values.keyed { value in (true, Summary(value)) }
      .reduce { $0.merged(with: $1) }
      .values
      .write(.result("summary"))
  }
}

/// Count, sum and extremes of some numbers.
struct Summary: Codable, Record {
  var count = 1
  var sum: Double
  var minimum: Double
  var maximum: Double

  init(_ value: Double) {
    sum = value
    minimum = value
    maximum = value
  }

  func merged(with other: Summary) -> Summary {
    var merged = self
    merged.count += other.count
    merged.sum += other.sum
    merged.minimum = Swift.min(minimum, other.minimum)
    merged.maximum = Swift.max(maximum, other.maximum)
    return merged
  }
}
