// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Glibc
import Memory

/// The executables that a node keeps: a file for each, named by its digest, which everybody may run
/// and nobody changes. A file appears under its name only after its bytes have that digest.
final class CodeStore {
  private struct Arriving {
    let size: Int
    var descriptor: Int32
    var offset = 0
    var digest = SHA256()
  }

  let directory: String
  private var kept: Set<CodeDigest> = []
  private var arriving: [CodeDigest: Arriving] = [:]

  /// What came of a piece.
  enum Progress: Equatable {
    /// More is to come, from this byte on.
    case wants(Int)
    case whole
    /// The bytes are not those of the digest, or cannot be kept.
    case failed(String)
  }

  /// The most bytes of an executable.
  static let sizeMaximum = 1 << 30
  static let pieceBytes = 512 << 10

  init(_ directory: String) throws(FabricError) {
    self.directory = directory
    guard unsafe mkdir(directory, 0o755) == 0 || errno == EEXIST else {
      throw .system("cannot make \(directory), where executables are kept", errno)
    }
  }

  func has(_ code: CodeDigest) -> Bool { kept.contains(code) }

  func path(_ code: CodeDigest) -> String { "\(directory)/\(code)" }

  /// Takes a piece in; pieces come in order, and one that came before is passed over.
  func take(_ code: CodeDigest, size: Int, offset: Int, _ bytes: [UInt8]) -> Progress {
    if kept.contains(code) { return .whole }
    guard size > 0, size <= Self.sizeMaximum else {
      return .failed("an executable has 1 to \(Self.sizeMaximum) bytes, not \(size)")
    }
    if arriving[code]?.size != size {
      drop(code)
      let descriptor = unsafe open(
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
    bytes.withBytes { arriving[code]?.digest.update($0) }
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

  private func finish(_ code: CodeDigest) -> Progress {
    guard let known = arriving.removeValue(forKey: code) else { return .wants(0) }
    let isRight = known.digest.digest == code.bytes
    let isClosed = isRight && fchmod(known.descriptor, 0o555) == 0
    let isKept = unsafe isClosed && rename(path(code) + ".part", path(code)) == 0
    Glibc.close(known.descriptor)
    guard isKept else {
      unsafe unlink(path(code) + ".part")
      let reason = unsafe String(cString: strerror(errno))
      return .failed(
        isRight
          ? "cannot keep the executable in \(directory): \(reason)"
          : "the executable was damaged on its way: its bytes are not those of \(code)")
    }
    kept.insert(code)
    return .whole
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

  /// Hands the pieces of an executable to `body`, in order.
  func read(_ code: CodeDigest, _ body: (_ size: Int, _ offset: Int, [UInt8]) -> Void) {
    let descriptor = unsafe open(path(code), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { Glibc.close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return }
    let size = Int(status.st_size)
    var offset = 0
    while offset < size {
      var piece = [UInt8](repeating: 0, count: min(Self.pieceBytes, size - offset))
      let count = unsafe piece.withUnsafeMutableBytes { raw in
        unsafe pread(descriptor, raw.baseAddress, raw.count, off_t(offset))
      }
      guard count > 0 else { return }
      piece.removeLast(piece.count - count)
      body(size, offset, piece)
      offset += count
    }
  }

  /// Removes all files.
  func close() {
    for code in arriving.keys.sorted(by: { "\($0)" < "\($1)" }) { drop(code) }
    for code in kept.sorted(by: { "\($0)" < "\($1)" }) { unsafe unlink(path(code)) }
    unsafe rmdir(directory)
  }
}
