// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Glibc
import Memory
import Synchronization

/// The executables that a node keeps: a file for each, named by its digest, which everybody may run
/// and nobody changes. A file appears under its name only after its bytes have that digest.
final class CodeStore: @unchecked Sendable {
  // Sendable because all but `checked` belongs to the polling thread.
  private struct Arriving {
    let size: Int
    var descriptor: Int32
    var offset = 0
  }

  /// An executable that is whole and not yet compared with its digest.
  private struct Checked: Sendable {
    let code: CodeDigest
    let size: Int
    let isRight: Bool
  }

  private struct Kept {
    let size: Int
    /// Of all uses of executables, the number of its last one.
    var lastUse: UInt64
  }

  private let place: CodeDirectory
  private var directory: String { place.path }
  private var kept: [CodeDigest: Kept] = [:]
  private var useCount: UInt64 = 0
  /// Bytes of those that are kept.
  private(set) var keptBytes = 0
  private var arriving: [CodeDigest: Arriving] = [:]
  /// Those that a thread is reading again.
  private var checking: Set<CodeDigest> = []
  private let checked = Mutex<[Checked]>([])
  private let rouse: @Sendable () -> Void

  /// What came of a piece.
  enum Progress: Equatable {
    /// More is to come, from this byte on.
    case wants(Int)
    /// All bytes are here; whether they are the right ones is told by `news`.
    case whole
    /// The bytes are not those of the digest, or cannot be kept.
    case failed(String)
  }

  /// The most bytes of an executable.
  static let sizeMaximum = 1 << 30
  static let pieceBytes = 512 << 10

  /// `rouse` is called, on another thread, when there is something to take.
  init(_ place: CodeDirectory, rouse: @escaping @Sendable () -> Void) {
    self.place = place
    self.rouse = rouse
  }

  func has(_ code: CodeDigest) -> Bool { kept[code] != nil }

  /// Notes that somebody wants an executable now.
  func use(_ code: CodeDigest) {
    useCount += 1
    kept[code]?.lastUse = useCount
  }

  /// Removes executables, those that were used longest ago first, until the rest has at most so
  /// many bytes. The one that was used last stays, and those that are needed. Returns what is gone.
  func shrink(to bytes: Int, isNeeded: (CodeDigest) -> Bool) -> [CodeDigest] {
    guard keptBytes > bytes else { return [] }
    var removed: [CodeDigest] = []
    for (code, known) in kept.sorted(by: { $0.value.lastUse < $1.value.lastUse }).dropLast() {
      guard keptBytes > bytes else { break }
      guard !isNeeded(code) else { continue }
      unsafe unlink(path(code))
      kept[code] = nil
      keptBytes -= known.size
      removed.append(code)
    }
    return removed
  }

  func path(_ code: CodeDigest) -> String { "\(directory)/\(code)" }

  /// Takes a piece in; pieces come in order, and one that came before is passed over.
  func take(_ code: CodeDigest, size: Int, offset: Int, _ bytes: [UInt8]) -> Progress {
    if has(code) || checking.contains(code) { return .whole }
    guard size > 0, size <= Self.sizeMaximum else {
      return .failed("an executable has 1 to \(Self.sizeMaximum) bytes, not \(size)")
    }
    if arriving[code]?.size != size {
      drop(code)
      let descriptor = unsafe Glibc.open(
        path(code) + ".part", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { return failed("cannot keep an executable", code) }
      arriving[code] = Arriving(size: size, descriptor: descriptor)
    }
    guard let known = arriving[code], known.offset == offset, offset + bytes.count <= size else {
      return .wants(arriving[code]?.offset ?? 0)
    }
    guard Self.write(bytes, known.descriptor) else {
      return failed("cannot keep an executable", code)
    }
    arriving[code]?.offset = offset + bytes.count
    return offset + bytes.count < size ? .wants(offset + bytes.count) : finish(code)
  }

  private static func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var written = 0
    return unsafe bytes.withUnsafeBytes { raw in
      while written < raw.count {
        let count = unsafe Glibc.write(
          descriptor, raw.baseAddress.map { unsafe $0 + written }, raw.count - written)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        written += count
      }
      return true
    }
  }

  /// All bytes are here. Another thread reads them again: the polling thread has no time for it.
  private func finish(_ code: CodeDigest) -> Progress {
    guard let known = arriving.removeValue(forKey: code) else { return .wants(0) }
    let isClosed = fchmod(known.descriptor, 0o555) == 0
    // Closed also where that failed.
    guard Glibc.close(known.descriptor) == 0, isClosed else {
      return failed("cannot keep an executable", code)
    }
    let part = path(code) + ".part"
    let size = known.size
    do throws(FabricError) {
      let thread = try SystemThread { [self] in
        let isRight = Self.digest(part) == code
        checked.withLock { $0.append(Checked(code: code, size: size, isRight: isRight)) }
        rouse()
      }
      thread.detach()
      checking.insert(code)
      return .whole
    } catch {
      return .failed("\(error)")
    }
  }

  private static func digest(_ path: String) -> CodeDigest? {
    guard let file = LargeFile(path) else { return nil }
    var hash = SHA256()
    while let piece = file.next(CodeStore.pieceBytes) { piece.withBytes { hash.update($0) } }
    return file.isWhole ? CodeDigest(hash.digest) : nil
  }

  /// What was found out of executables that had come whole: which are kept, and what is wrong with
  /// others.
  func news() -> [(code: CodeDigest, problem: String?)] {
    let found = checked.withLock { checked in
      defer { checked.removeAll() }
      return checked
    }
    return found.map { found in
      checking.remove(found.code)
      let part = path(found.code) + ".part"
      guard found.isRight else {
        unsafe unlink(part)
        return (found.code, "an executable was damaged on its way: it is not \(found.code)")
      }
      guard unsafe rename(part, path(found.code)) == 0 else {
        let reason = unsafe String(cString: strerror(errno))
        return (found.code, "cannot keep an executable in \(directory): \(reason)")
      }
      kept[found.code] = Kept(size: found.size, lastUse: 0)
      keptBytes += found.size
      use(found.code)
      return (found.code, nil)
    }
  }

  private func failed(_ what: String, _ code: CodeDigest) -> Progress {
    let reason = unsafe String(cString: strerror(errno))
    drop(code)
    return .failed("\(what) in \(directory): \(reason)")
  }

  private func drop(_ code: CodeDigest) {
    guard let known = arriving.removeValue(forKey: code) else { return }
    Glibc.close(known.descriptor)
    unsafe unlink(path(code) + ".part")
  }

  /// An executable to be read piece by piece; nil where it is not here.
  func open(_ code: CodeDigest) -> LargeFile? {
    has(code) ? LargeFile(path(code)) : nil
  }

  /// Removes all files.
  func close() {
    for code in arriving.keys.sorted(by: { "\($0)" < "\($1)" }) { drop(code) }
    place.remove()
  }
}

/// A file that is read from its front, piece by piece.
final class LargeFile {
  private let descriptor: Int32
  let size: Int
  private(set) var offset = 0

  init?(_ path: String) {
    descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var status = stat()
    size = unsafe fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  deinit { close(descriptor) }

  var isWhole: Bool { offset == size }

  /// The next bytes; nil at the end, or where they cannot be read.
  func next(_ maximum: Int) -> [UInt8]? {
    guard offset < size else { return nil }
    var piece = [UInt8](repeating: 0, count: min(maximum, size - offset))
    let count = unsafe piece.withUnsafeMutableBytes { raw in
      unsafe pread(descriptor, raw.baseAddress, raw.count, off_t(offset))
    }
    guard count > 0 else { return nil }
    piece.removeLast(piece.count - count)
    offset += count
    return piece
  }
}
