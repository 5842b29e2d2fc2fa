// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Why a job, or a part of it, failed, in words that cross processes: what `JobError` says, and
/// what its executor left behind.
package struct JobFailure: Hashable, Sendable, Error {
  /// The exit code of a command that ends with it (`sysexits.h`).
  package let exitCode: Int32
  /// The word used in JSON: `failed`, `bad_input`, …
  package let code: String
  /// What happened, in one sentence that names the thing.
  package let message: String
  /// The stage in whose operator it happened, as file and line.
  package var location: String?
  /// The input record that was being worked on: where it stands, and its beginning.
  package var record: String?
  /// What to do about it.
  package var advice: String?
  /// The last lines that the executor wrote, and the addresses of its stack.
  package var trace: [String] = []

  package init(
    exitCode: Int32, code: String, message: String, location: String? = nil,
    record: String? = nil, advice: String? = nil, trace: [String] = []
  ) {
    self.exitCode = exitCode
    self.code = code
    self.message = message
    self.location = location
    self.record = record
    self.advice = advice
    self.trace = trace
  }

  /// What a node's or an executor's scratch cannot take.
  package init(_ failure: ScratchFile.Failure) {
    self.init(
      exitCode: 73, code: "cannot_write", message: failure.message,
      advice: "make room there, name another directory (memory.scratch), or give nodes more memory "
        + "(memory.limit)")
  }

  /// Whether both say the same of what went wrong: where, and how. Traces differ from process to
  /// process, and are not compared.
  package func isSame(as other: JobFailure) -> Bool {
    code == other.code && message == other.message && location == other.location
      && record == other.record
  }
}

extension ByteBuffer {
  private mutating func append(optional text: String?) {
    append((text == nil ? 0 : 1) as UInt8)
    if let text { append(counted: text) }
  }

  package mutating func append(_ failure: JobFailure) {
    appendLittleEndian(failure.exitCode)
    append(counted: failure.code)
    append(counted: failure.message)
    append(optional: failure.location)
    append(optional: failure.record)
    append(optional: failure.advice)
    appendVarint(UInt64(failure.trace.count))
    for line in failure.trace { append(counted: line) }
  }
}

extension ByteReader {
  private mutating func optionalText() throws(Damaged) -> String? {
    try byte() == 0 ? nil : try text()
  }

  package mutating func jobFailure() throws(Damaged) -> JobFailure {
    let exitCode = try littleEndian(Int32.self)
    let code = try text()
    var failure = JobFailure(exitCode: exitCode, code: code, message: try text())
    failure.location = try optionalText()
    failure.record = try optionalText()
    failure.advice = try optionalText()
    for _ in 0..<(try length()) { failure.trace.append(try text()) }
    return failure
  }
}
