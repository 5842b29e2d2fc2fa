// SPDX-License-Identifier: Apache-2.0

/// The processes of a cluster that `up` started, as they stand in a file.
package struct ClusterRecord: Equatable, Sendable {
  package struct Node: Equatable, Sendable {
    package let name: String
    package let mark: ProcessMark

    package init(name: String, mark: ProcessMark) {
      self.name = name
      self.mark = mark
    }
  }

  /// Marks of processes mean nothing once the host was started again.
  package var bootID: String
  /// Whom the nodes belong to; nil where they live by themselves.
  package var starter: ProcessMark?
  package var nodes: [Node] = []

  package init(bootID: String, starter: ProcessMark?) {
    self.bootID = bootID
    self.starter = starter
  }

  private static let firstLine = "processes of `up`, 1"

  /// Lines of words.
  package var text: String {
    var lines = [Self.firstLine, "boot \(bootID)"]
    if let starter { lines.append("starter \(starter.number) \(starter.started)") }
    lines += nodes.map { "node \($0.name) \($0.mark.number) \($0.mark.started)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Nil where the text is no record.
  package init?(_ text: String) {
    let lines = text.split(separator: "\n")
    guard lines.first == Self.firstLine[...] else { return nil }
    bootID = ""
    for line in lines.dropFirst() {
      let words = line.split(separator: " ")
      switch (words.first, words.count) {
      case ("boot", 2): bootID = String(words[1])
      case ("starter", 3):
        guard let mark = Self.mark(words[1...]) else { return nil }
        starter = mark
      case ("node", 4):
        guard let mark = Self.mark(words[2...]) else { return nil }
        nodes.append(Node(name: String(words[1]), mark: mark))
      default: return nil
      }
    }
  }

  private static func mark(_ words: ArraySlice<Substring>) -> ProcessMark? {
    guard let number = Int32(words[words.startIndex]), number > 0,
      let started = UInt64(words[words.startIndex + 1])
    else { return nil }
    return ProcessMark(number: number, started: started)
  }
}
