// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Sorts lines by their bytes.
struct TeraSort: Job {
  static let name = "terasort"
  static let abstract = "Sorts lines by their bytes, over all threads."

  @Argument(help: "Files to sort (paths, globs or directories; - is standard input).")
  var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input)).sorted().write(.result("sorted"))
  }
}
