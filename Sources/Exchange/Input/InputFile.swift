// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// One thing to read.
package struct InputFile: Sendable, Hashable {
  package let path: String
  /// Bytes, as they were when the job began.
  package let size: Int
  /// Whether it can only be read from front to end: standard input, pipes, devices.
  package let isStream: Bool
  /// Where splits may begin. Streams are cut as they are read.
  package let cuts: Cuts

  package init(path: String, size: Int, isStream: Bool, cuts: Cuts = .anywhere) {
    self.path = path
    self.size = size
    self.isStream = isStream
    self.cuts = cuts
  }

  /// The same file with other cuts.
  package func cut(_ cuts: Cuts) -> InputFile {
    InputFile(path: path, size: size, isStream: isStream, cuts: cuts)
  }

  /// How its bytes are compressed, by its name. What a stream holds is never guessed.
  package var compression: Compression? { isStream ? nil : Compression(path: path) }
}

/// Some bytes of a file: the records that begin in `range` belong to it.
package struct FileRange: Sendable, Hashable {
  /// Without its cuts: they are many, and of no use any more.
  package let file: InputFile
  package let range: Range<Int>

  package init(file: InputFile, range: Range<Int>) {
    self.file = file.cuts == .anywhere ? file : file.cut(.anywhere)
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
    switch file.cuts {
    case .anywhere: append((file.isStream ? 1 : 0) as UInt8)
    case .every(let bytes):
      append((file.isStream ? 3 : 2) as UInt8)
      appendVarint(UInt64(bytes))
    case .at(let offsets):
      append((file.isStream ? 5 : 4) as UInt8)
      append(ascending: offsets)
    }
  }

  package mutating func append(_ range: Range<Int>) {
    appendVarint(UInt64(range.lowerBound))
    appendVarint(UInt64(range.count))
  }
}

extension ByteReader {
  package mutating func inputFile() throws(Damaged) -> InputFile {
    let path = try text()
    let size = try number()
    let kind = try byte()
    let cuts: Cuts
    switch kind / 2 {
    case 0: cuts = .anywhere
    case 1:
      let bytes = try number()
      guard bytes > 0 else { throw Damaged() }
      cuts = .every(bytes)
    case 2: cuts = .at(try ascending())
    default: throw Damaged()
    }
    return InputFile(path: path, size: size, isStream: kind % 2 == 1, cuts: cuts)
  }

  /// A range of numbers that are not negative.
  package mutating func range() throws(Damaged) -> Range<Int> {
    let start = try number()
    let (end, overflow) = start.addingReportingOverflow(try number())
    guard !overflow else { throw Damaged() }
    return start..<end
  }
}
