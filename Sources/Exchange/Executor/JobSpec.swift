// SPDX-License-Identifier: Apache-2.0
package import Memory

/// SHA-256 of an executable: the name under which nodes keep it.
package struct CodeDigest: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  package let bytes: [UInt8]

  package static let byteCount = 32

  /// Nil where there are not 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// What `description` writes; nil where the text is no digest.
  package init?(_ text: some StringProtocol) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(byte)
    }
    self.bytes = bytes
  }

  /// 64 hexadecimal digits.
  package var description: String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// What is run: every process that works on a job builds the same plan from it.
package struct JobSpec: Hashable, Sendable {
  /// The executable that holds the job.
  package let code: CodeDigest
  /// The job's name in that executable.
  package let name: String
  /// Its arguments, as on the command line.
  package let arguments: [String]
  /// Where relative paths among the arguments begin.
  package let directory: String
  /// What table hashes depend on: drawn when the job is submitted, so that no input can aim at it,
  /// and the same everywhere, so that a split that is mapped twice leaves the same bytes.
  package let tableSeed: UInt64

  package init(
    code: CodeDigest, name: String, arguments: [String], directory: String, tableSeed: UInt64
  ) {
    self.code = code
    self.name = name
    self.arguments = arguments
    self.directory = directory
    self.tableSeed = tableSeed
  }
}

extension ByteBuffer {
  package mutating func append(_ digest: CodeDigest) { digest.bytes.withBytes { append($0) } }

  package mutating func append(_ spec: JobSpec) {
    append(spec.code)
    append(counted: spec.name)
    appendVarint(UInt64(spec.arguments.count))
    for argument in spec.arguments { append(counted: argument) }
    append(counted: spec.directory)
    appendLittleEndian(spec.tableSeed)
  }
}

extension ByteReader {
  package mutating func codeDigest() throws(Damaged) -> CodeDigest {
    guard let digest = CodeDigest(Array(try take(CodeDigest.byteCount))) else { throw Damaged() }
    return digest
  }

  package mutating func jobSpec() throws(Damaged) -> JobSpec {
    let code = try codeDigest()
    let name = try text()
    var arguments: [String] = []
    for _ in 0..<(try length()) { arguments.append(try text()) }
    let directory = try text()
    return JobSpec(
      code: code, name: name, arguments: arguments, directory: directory,
      tableSeed: try littleEndian(UInt64.self))
  }
}
