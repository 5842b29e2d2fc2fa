// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Tells how many words occur once, twice and so on, in three stages.
struct Frequencies: Job {
  static let abstract = "Tells how many words occur once, twice, …: the most common numbers first."

  @Argument(help: "Files to read (paths, globs or directories; - is standard input).")
  var input: [String]
  @Option(help: "How many numbers to keep.") var keep = 100

  func validate() throws {
    if keep < 1 { throw ValidationError("--keep takes a number above zero") }
  }

  func plan(_ flow: Flow) {
    let counts = flow.read(.lines(input))
      .flatMap { line, emit in
        for word in line.words { emit(word, 1) }
      }
      .reduce(+)
    counts.map { _, count in count }
      .keyed { count in (count, 1) }
      .reduce(+)
      .top(keep)
      .write(.result("frequencies"))
  }
}
