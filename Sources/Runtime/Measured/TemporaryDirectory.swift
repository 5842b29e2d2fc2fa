// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc
package import Memory

/// A new directory that this user alone can look into, for everything that a command writes on its
/// way. It ends with this object.
package final class TemporaryDirectory: Sendable {
  package let path: String

  /// Where temporary files of this process belong.
  static var parent: String {
    let named = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? ""
    return named.hasPrefix("/") ? named : "/tmp"
  }

  package init() throws(FabricError) {
    var template = Array("\(Self.parent)/mapred-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }
        .map { unsafe String(cString: $0) }
    }
    guard let made else { throw .system("cannot make a directory in \(Self.parent)", errno) }
    path = made
  }

  deinit { PrivateDirectory.remove(path) }

  package func file(_ name: String) -> String { "\(path)/\(name)" }
  package func remove(_ name: String) {
    if unsafe unlink(file(name)) != 0 { PrivateDirectory.remove(file(name)) }
  }

  /// Writes a file piece by piece, until `next` gives no more.
  package func write(
    _ name: String, _ next: (inout ByteBuffer) -> Bool
  ) throws(FabricError) {
    let path = file(name)
    let number = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw .system("cannot write \(path)", errno) }
    let output = Descriptor(number)
    var buffer = ByteBuffer(capacity: 1 << 20)
    while next(&buffer) {
      var rest = buffer.bytes[0..<buffer.count]
      while !rest.isEmpty {
        let count = uninterrupted {
          unsafe rest.withRaw { unsafe Glibc.write(output.number, $0, $1) }
        }
        guard count >= 0 else { throw .system("cannot write \(path)", errno) }
        rest = rest[count..<rest.count]
      }
      buffer.removeAll()
    }
  }

  /// How many bytes a file has, and XXH64 of them.
  package func digest(_ name: String) throws(FabricError) -> (size: Int, digest: UInt64) {
    let path = file(name)
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { throw .system("cannot read \(path)", errno) }
    let input = Descriptor(number)
    var size = 0
    var checksum = Checksum()
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = uninterrupted { unsafe read(input.number, &piece, piece.count) }
      guard count >= 0 else { throw .system("cannot read \(path)", errno) }
      if count == 0 { return (size, checksum.value) }
      piece.withBytes { checksum.update($0[0..<count]) }
      size += count
    }
  }
}
