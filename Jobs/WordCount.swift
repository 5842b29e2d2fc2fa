// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Counts how often each word occurs.
struct WordCount: Job {
  static let name = "wordcount"
  static let abstract = "Counts how often each word occurs."

  @Argument(help: "Files to read (paths, globs or directories; - is standard input).")
  var input: [String]
  @Option(help: "Ignore words of fewer bytes.") var minLength = 1

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .flatMap { [minLength] line, emit in
        for word in line.words where word.count >= minLength { emit(word, 1) }
      }
      .reduce(+)
      .write(.result("wordcount"))
  }
}
