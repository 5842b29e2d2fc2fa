// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// One thing to read lines from.
package struct InputFile: Sendable, Hashable {
  package let path: String
  /// Bytes, as they were when the job began.
  package let size: Int
  /// Whether it can only be read from front to end: standard input, pipes, devices.
  package let isStream: Bool

  package init(path: String, size: Int, isStream: Bool) {
    self.path = path
    self.size = size
    self.isStream = isStream
  }
}

/// Some bytes of a file: the lines that begin in `range` belong to it.
package struct FileRange: Sendable, Hashable {
  package let file: InputFile
  package let range: Range<Int>

  package init(file: InputFile, range: Range<Int>) {
    self.file = file
    self.range = range
  }
}

/// The files of one input of a stage.
package struct BranchFiles: Sendable, Hashable {
  package let branch: BranchID
  package let files: [InputFile]

  package init(_ branch: BranchID, _ files: [InputFile]) {
    self.branch = branch
    self.files = files
  }
}

extension ByteBuffer {
  package mutating func append(_ file: InputFile) {
    append(counted: file.path)
    appendVarint(UInt64(file.size))
    append((file.isStream ? 1 : 0) as UInt8)
  }

  package mutating func append(_ range: Range<Int>) {
    appendVarint(UInt64(range.lowerBound))
    appendVarint(UInt64(range.count))
  }
}

extension ByteReader {
  package mutating func inputFile() throws(Damaged) -> InputFile {
    let path = try text()
    return InputFile(path: path, size: try number(), isStream: try byte() != 0)
  }

  /// A range of numbers that are not negative.
  package mutating func range() throws(Damaged) -> Range<Int> {
    let start = try number()
    let (end, overflow) = start.addingReportingOverflow(try number())
    guard !overflow else { throw Damaged() }
    return start..<end
  }
}
