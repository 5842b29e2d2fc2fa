// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Memory
import Runtime
import Vocabulary

/// Into which files a result is saved as text.
struct FileOptions: ParsableArguments {
  @Option(help: "Compress text that is saved: gzip, zstd or lz4.")
  var compress: CompressionArgument?

  @Option(help: "Save each result as so many files of text, of about as many records each.")
  var files: Int?

  @Option(
    help: ArgumentHelp(
      "Save each result as files of text of at most this size, 1MiB or more: 256MiB.",
      valueName: "size"))
  var fileSize: FileSizeArgument?

  func validate() throws {
    if files != nil, fileSize != nil {
      throw ValidationError("--files and --file-size exclude each other")
    }
    if let files, files < 1 || files > Limits.outputFiles {
      throw ValidationError("--files takes a number from 1 to \(Limits.outputFiles)")
    }
  }

  /// Whether any of them was given.
  var areNamed: Bool { compress != nil || files != nil || fileSize != nil }

  func export(_ format: RecordFormat) -> TextExport {
    let division: FileDivision =
      files.map { .files($0) } ?? fileSize.map { .bytes($0.bytes) } ?? .none
    return TextExport(format, compression: compress?.compression, division: division)
  }
}

/// `lines`, `csv` or `jsonl`.
enum RecordFormatArgument: String, CaseIterable, ExpressibleByArgument {
  case lines
  case csv
  case jsonl

  var format: RecordFormat {
    switch self {
    case .lines: .lines
    case .csv: .csv
    case .jsonl: .jsonl
    }
  }
}

/// `gzip`, `zstd` or `lz4`.
enum CompressionArgument: String, CaseIterable, ExpressibleByArgument {
  case gzip
  case zstd
  case lz4

  var compression: Compression {
    switch self {
    case .gzip: .gzip
    case .zstd: .zstd
    case .lz4: .lz4
    }
  }
}

/// A size of files: some chunks at least, which are never cut.
struct FileSizeArgument: ExpressibleByArgument {
  let bytes: Int

  init?(argument: String) {
    guard let bytes = Units.bytes(argument), bytes >= Self.least else { return nil }
    self.bytes = bytes
  }

  private static let least = 4 * Limits.outputChunkBytes
}
