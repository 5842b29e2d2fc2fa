// SPDX-License-Identifier: Apache-2.0
import Exchange

/// The files of all sources of a plan, found before anything runs: a missing file is told at once,
/// and all stages see a file with the same size.
struct PlanInputs {
  /// What a source names.
  private struct Source: Hashable {
    let paths: [String]
    let format: FileFormat
  }

  private var files: [Source: [InputFile]] = [:]
  /// Kept only where some stream is read more than once.
  private let keeper: StreamKeeper?
  private let readsBeginnings: Bool
  /// What can be read once only, as often as it is read.
  let streams: [String]

  /// `readsBeginnings`: only the first split of each input is read.
  /// `progress` is called now and then; it throws where the work is not wanted any more.
  init(
    _ plan: Plan, readsBeginnings: Bool = false, _ progress: () throws -> Void = {}
  ) throws {
    self.readsBeginnings = readsBeginnings
    var found: [[String]: [InputFile]] = [:]
    var streams: [(path: String, format: FileFormat)] = []
    for (_, input) in plan.description.branches {
      guard case .files(let paths, let format) = input else { continue }
      let resolved = try found[paths] ?? InputFiles.resolve(paths)
      found[paths] = resolved
      streams += resolved.filter(\.isStream).map { ($0.path, format) }
      let source = Source(paths: paths, format: format)
      guard files[source] == nil else { continue }
      files[source] = try resolved.map { try InputFiles.cut($0, format.cutting, progress) }
    }
    try Self.check(streams)
    keeper = Set(streams.map(\.path)).count < streams.count ? StreamKeeper() : nil
    self.streams = streams.map(\.path)
  }

  /// A stream is read once, and kept as it was cut then.
  private static func check(_ streams: [(path: String, format: FileFormat)]) throws {
    for (index, stream) in streams.enumerated() {
      let other = streams[..<index].first { $0.path == stream.path && $0.format != stream.format }
      guard let other else { continue }
      let name = stream.path == "-" ? "standard input" : stream.path
      throw JobError(
        .usage,
        "\(name) is read as \(other.format.text) and as \(stream.format.text) with other options",
        advice: "read it in one way, or save it as a file first")
    }
  }

  func source(of paths: [String], _ format: FileFormat) -> SplitSource {
    let source = Source(paths: paths, format: format)
    return SplitSource(
      files: files[source] ?? [], format, keeper: keeper, isBeginning: readsBeginnings)
  }

  /// Whether all of the input is read; false where that is not known, as with streams.
  var readsAll: Bool {
    guard readsBeginnings else { return true }
    return streams.isEmpty && files.values.allSatisfy { Splits.pack($0).count <= 1 }
  }
}
