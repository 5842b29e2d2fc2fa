// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Finds the most frequent words in what an earlier job has counted: the text is not read again.
struct TopWords: Job {
  static let abstract = "Finds the most frequent words in the result of an earlier wordcount."

  @Option(help: "How many words to keep.") var keep = 10
  @Option(help: "Read this version of the result, on a cluster; the newest where it is left out.")
  var resultVersion: Int?

  func validate() throws {
    if keep < 1 { throw ValidationError("--keep takes a number above zero") }
  }

  func plan(_ flow: Flow) {
    let asOf = resultVersion.map { AsOf.version($0) } ?? .latest
    flow.read(.result("wordcount", as: (Bytes, Int).self, asOf: asOf))
      .top(keep)
      .write(.result("top-words"))
  }
}
