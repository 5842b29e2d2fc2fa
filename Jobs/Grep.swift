// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Finds the lines that hold a text.
struct Grep: Job {
  static let abstract = "Finds the lines that hold a text, and counts them."

  @Argument(help: "The text to look for, byte by byte.") var text: String
  @Argument(help: "Files to read (paths, globs or directories; - is standard input).")
  var input: [String]

  func validate() throws {
    if text.isEmpty { throw ValidationError("the text to look for is empty") }
  }

  func plan(_ flow: Flow) {
    let matches = flow.read(.lines(input)).filter { [text] line in line.contains(text) }
    matches.write(.result("lines"))
    matches.keyed { [text] _ in (text, 1) }.reduce(+).write(.result("count"))
  }
}
