// SPDX-License-Identifier: Apache-2.0
import CSystem

/// How a file is compressed. All three formats are streams of frames (gzip calls them members) that
/// stand one behind the other, each of which can be expanded without those before it.
package enum Compression: String, CaseIterable, Sendable {
  case gzip
  case zstd
  case lz4

  /// The one that the end of a file's name says; nil where it says none.
  package init?(path: String) {
    guard let found = Self.allCases.first(where: { path.hasSuffix(".\($0.fileExtension)") })
    else { return nil }
    self = found
  }

  /// The ending of file names.
  package var fileExtension: String {
    switch self {
    case .gzip: "gz"
    case .zstd: "zst"
    case .lz4: "lz4"
    }
  }

  /// Whether this build has its library.
  package var isAvailable: Bool { unsafe stream != nil }

  /// What to do where it has not.
  package var installation: String {
    let package =
      switch self {
      case .gzip: "zlib1g-dev"
      case .zstd: "libzstd-dev"
      case .lz4: "liblz4-dev"
      }
    return "apt-get install \(package), and build again"
  }

  /// The command that checks a file.
  package func check(_ path: String) -> String { "\(rawValue) -t \(path)" }

  /// The calls of its library.
  var stream: UnsafePointer<mapred_stream>? {
    switch self {
    case .gzip: unsafe mapred_gzip_stream()
    case .zstd: unsafe mapred_zstd_stream()
    case .lz4: unsafe mapred_lz4_stream()
    }
  }

  /// Why a stream cannot be made, or does not go on.
  package enum Failure: Error {
    /// This build lacks the library.
    case isMissing
    /// The bytes are no frame, or a checksum does not agree.
    case isDamaged
    /// There is no memory, or the frame asks for more than a reader has to have.
    case lacksMemory
  }

  /// How far one call came.
  struct Step {
    let taken: Int
    let made: Int
    /// Whether a frame ended.
    let isEnd: Bool

    init(_ step: mapred_stream_step) throws(Failure) {
      switch Int(step.outcome) {
      case MAPRED_STREAM_GOES_ON: isEnd = false
      case MAPRED_STREAM_ENDED: isEnd = true
      case MAPRED_STREAM_DAMAGED: throw .isDamaged
      default: throw .lacksMemory
      }
      taken = step.taken
      made = step.made
    }
  }
}
