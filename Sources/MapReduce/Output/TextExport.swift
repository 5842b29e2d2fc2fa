// SPDX-License-Identifier: Apache-2.0
package import Exchange
package import Memory
import Vocabulary

/// How a result is written as text for other programs.
package struct TextExport: Sendable, Hashable {
  package let format: RecordFormat
  /// How files are compressed; nil where they are not.
  package let compression: Compression?
  package let division: FileDivision

  package init(
    _ format: RecordFormat, compression: Compression? = nil, division: FileDivision = .none
  ) {
    self.format = format
    self.compression = compression
    self.division = division
  }

  /// The ending of file names.
  var fileExtension: String {
    ([format.fileExtension] + [compression?.fileExtension].compactMap { $0 }).joined(separator: ".")
  }

  /// Bytes of records that make a chunk.
  var chunkBytes: Int {
    compression == nil ? Limits.outputChunkBytes : Limits.compressedChunkBytes
  }

  /// Checks that this build can write it.
  func check(_ path: String) throws {
    guard let compression, !compression.isAvailable else { return }
    throw JobError(
      .cannotWrite, "cannot write \(path): \(compression.rawValue) is not built in",
      advice: compression.installation)
  }
}

/// Into how many files a result is written. Records stay in order from file to file.
package enum FileDivision: Sendable, Hashable {
  /// One file.
  case none
  /// So many files, of about as many records each.
  case files(Int)
  /// As many as it takes: a file ends before the chunk of records that would make it larger.
  case bytes(Int)
}

/// A file of a result that was written.
struct WrittenFile: Sendable {
  let name: String
  var records = 0
  var bytes = 0

  /// The name of file `index`, from 0.
  static func name(_ index: Int, _ fileExtension: String) -> String {
    let digits = String(index)
    return "part-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "."
      + fileExtension
  }
}
