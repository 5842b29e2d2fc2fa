// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
package import Memory
package import Vocabulary

/// A segment that a live process has mapped, found from outside: for inspectors.
package struct LiveSegment: Sendable {
  /// The fingerprint of the plan of its group, as text.
  package let group: String
  /// Whose it is, as its name says; nil where it has no name.
  package let rank: Rank?
  package let segment: Segment
  private let file: UInt64

  private init(group: String, rank: Rank?, segment: Segment, file: UInt64) {
    self.group = group
    self.rank = rank
    self.segment = segment
    self.file = file
  }

  /// All segments that a process holds, its own and its peers', by group and rank.
  package static func of(process: Int32) throws(FabricError) -> [LiveSegment] {
    var found: [LiveSegment] = []
    for path in try descriptors(process) {
      guard let (group, rank) = target(path).flatMap(parse(name:)) else { continue }
      let one = try open(path, group: group, rank: rank)
      // Members in one process hold each segment several times.
      if !found.contains(where: { $0.file == one.file }) { found.append(one) }
    }
    guard !found.isEmpty else {
      throw FabricError(
        .address, "process \(process) holds no segment of a group",
        advice: "name the process of a member: pgrep -a mapred")
    }
    return found.sorted {
      ($0.group, $0.rank?.index ?? 0, $0.file) < ($1.group, $1.rank?.index ?? 0, $1.file)
    }
  }

  /// The segment in a file: that of a process under /proc, or a copy.
  package static func at(_ path: String) throws(FabricError) -> LiveSegment {
    let name = target(path).flatMap(parse(name:))
    return try open(path, group: name?.group ?? path, rank: name?.rank)
  }

  /// Group and rank in the name of a memory file, which a link under /proc shows.
  static func parse(name: String) -> (group: String, rank: Rank)? {
    let file = name.split(separator: " ").first ?? ""
    let parts = file.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0] == "/memfd:" + MemoryFile.segmentName,
      let rank = Int(parts[2]), (0..<Limits.members).contains(rank)
    else { return nil }
    return (String(parts[1]), Rank(rank))
  }

  /// The paths of all descriptors of a process.
  private static func descriptors(_ process: Int32) throws(FabricError) -> [String] {
    let directory = "/proc/\(process)/fd"
    guard let handle = unsafe opendir(directory) else {
      if errno == ENOENT {
        throw FabricError(
          .address, "no process has the number \(process)",
          advice: "list the members' processes: pgrep -a mapred")
      }
      throw FabricError(
        .address, "may not look into process \(process): \(errorText(errno))",
        advice: "run this as the user of that process, or as root")
    }
    defer { unsafe closedir(handle) }
    var numbers: [Int32] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if let number = Int32(name) { numbers.append(number) }
    }
    return numbers.sorted().map { "\(directory)/\($0)" }
  }

  /// What a link says; nil where there is none.
  private static func target(_ path: String) -> String? {
    var room = [CChar](repeating: 0, count: 512)
    let count = unsafe readlink(path, &room, room.count)
    guard count >= 0 else { return nil }
    return String(decoding: room.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func open(
    _ path: String, group: String, rank: Rank?
  ) throws(FabricError) -> LiveSegment {
    let number = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else {
      throw FabricError(
        .address, "cannot read \(path): \(errorText(errno))",
        advice: errno == ENOENT ? nil : "run this as the user of the member, or as root")
    }
    let file = Descriptor(number)
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      status.st_size >= Limits.pageBytes
    else {
      throw FabricError(
        .address, "\(path) is no segment", advice: "name a process, or the file of a segment")
    }
    let byteCount = Int(status.st_size)
    let segment =
      mapred_has_fixed_size(number) == 1
      ? try map(file, byteCount, path) : try copy(file, byteCount, path)
    return LiveSegment(group: group, rank: rank, segment: segment, file: UInt64(status.st_ino))
  }

  private static func map(
    _ file: Descriptor, _ byteCount: Int, _ path: String
  ) throws(FabricError) -> Segment {
    guard let base = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, file.number, 0),
      unsafe base != MAP_FAILED
    else { throw .system("cannot map \(path)", errno) }
    let address = UInt(bitPattern: base)
    return unsafe Segment(base, byteCount: byteCount, isWritable: false) {
      if let base = unsafe UnsafeMutableRawPointer(bitPattern: address) {
        unsafe munmap(base, byteCount)
      }
    }
  }

  /// A file that can shrink is copied: a mapping of it could be taken away. Rings at its end, which
  /// no table needs, are left out.
  private static func copy(
    _ file: Descriptor, _ byteCount: Int, _ path: String
  ) throws(FabricError) -> Segment {
    let segment = Segment(byteCount: min(byteCount, copiedBytesMaximum))
    let count = unsafe segment.fill(0, segment.byteCount) { room in
      unsafe pread(file.number, room.baseAddress, room.count, 0)
    }
    guard count >= 0 else { throw .system("cannot read \(path)", errno) }
    return segment
  }

  private static let copiedBytesMaximum = 16 << 20
}
