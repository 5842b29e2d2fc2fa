// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Counts how often words follow each other: n of them in a row, on one line.
struct NGrams: Job {
  static let name = "ngrams"
  static let abstract = "Counts sequences of n words, and keeps the most frequent ones."

  @Argument(help: "Files to read (paths, globs or directories; - is standard input).")
  var input: [String]
  @Option(help: "Words in a sequence.") var n = 2
  @Option(help: "How many to keep; 0 keeps all, by their words.") var top = 100
  @Option(help: "Leave out what occurs less often.") var atLeast = 1

  func validate() throws {
    if n < 1 { throw ValidationError("a sequence has one word at least") }
    if top < 0 { throw ValidationError("a number of sequences is not negative") }
  }

  func plan(_ flow: Flow) {
    let counts = flow.read(.lines(input))
      .flatMap(to: ([UInt8], Int).self) { [n] line, emit in
        var sequence: [UInt8] = []
        // Where the words that are in it begin.
        var starts: [Int] = []
        for word in line.words {
          if !sequence.isEmpty { sequence.append(0x20) }
          starts.append(sequence.count)
          sequence.append(contentsOf: word)
          guard starts.count == n else { continue }
          emit(sequence, 1)
          let second = n > 1 ? starts[1] : sequence.count
          sequence.removeFirst(second)
          starts.removeFirst()
          for place in starts.indices { starts[place] -= second }
        }
      }
      .reduce(+)
      .filter { [atLeast] _, count in count >= atLeast }
    if top > 0 {
      counts.top(top).write(.result("ngrams"))
    } else {
      counts.write(.result("ngrams"))
    }
  }
}
