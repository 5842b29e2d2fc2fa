// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Counts how many different values a field has.
struct DistinctCount: Job {
  static let abstract = "Counts the different values of a field, or different lines."

  @Argument(help: "Files to read (paths, globs or directories; - is standard input).")
  var input: [String]
  @Option(help: "Which field to look at, from 1; 0 is the whole line.") var field = 0
  @Option(help: "The character between fields.") var separator = ","

  func validate() throws {
    if field < 0 { throw ValidationError("fields are numbered from 1") }
    if separator.unicodeScalars.count != 1 || !separator.utf8.allSatisfy({ $0 < 0x80 }) {
      throw ValidationError("the separator is one ASCII character")
    }
  }

  func plan(_ flow: Flow) {
    let separator = separator.unicodeScalars.first ?? ","
    flow.read(.lines(input))
      .compactMap { [field] line in
        field == 0 ? line : line.field(field - 1, separator: separator)
      }
      .distinct()
      .keyed { _ in (true, 1) }
      .reduce(+)
      .values
      .write(.result("distinct-count"))
  }
}
