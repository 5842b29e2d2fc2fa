// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Lists, for each word, the documents that hold it.
///
/// A document is a line: its first field names it, the rest is its text.
struct InvertedIndex: Job {
  static let abstract = "Lists, for each word, the documents (lines: name TAB text) that hold it."

  @Argument(help: "Files to read, one document a line: name, tab, text.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .flatMap(to: (Bytes, [String]).self) { line, emit in
        guard let tab = line.firstIndex(of: 0x09) else { return }
        let document = [String(line[0..<tab])]
        for word in line[(tab + 1)...].words { emit(word, document) }
      }
      .reduce(union)
      .write(.result("index"))
  }
}

/// The names of two sorted lists, sorted, each once.
private func union(_ a: [String], _ b: [String]) -> [String] {
  if let last = a.last, let first = b.first, last < first { return a + b }
  var merged: [String] = []
  merged.reserveCapacity(a.count + b.count)
  var (i, j) = (0, 0)
  while i < a.count || j < b.count {
    let takesLeft = j == b.count || (i < a.count && a[i] <= b[j])
    let next = takesLeft ? a[i] : b[j]
    if takesLeft { i += 1 } else { j += 1 }
    if merged.last != next { merged.append(next) }
  }
  return merged
}
