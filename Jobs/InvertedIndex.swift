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
      .flatMap(to: (Bytes, String).self) { line, emit in
        guard let tab = line.firstIndex(of: 0x09) else { return }
        let document = String(line[0..<tab])
        for word in line[(tab + 1)...].words { emit(word, document) }
      }
      // Lists grow in place; each is put in order once, at the end.
      .combine(
        into: [String](),
        { documents, document in
          let isRepeated = documents.last.map { $0.utf8.elementsEqual(document.utf8) } ?? false
          if !isRepeated { documents.append(document) }
        }, merge: { $0 += $1 }
      )
      .mapValues(sortedOnce)
      .write(.result("index"))
  }
}

/// The names in the order of their bytes, each once. Strings themselves would compare as equal
/// where they only look alike.
@Sendable private func sortedOnce(_ names: [String]) -> [String] {
  let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  var once: [String] = []
  for name in sorted {
    if let last = once.last, last.utf8.elementsEqual(name.utf8) { continue }
    once.append(name)
  }
  return once
}
