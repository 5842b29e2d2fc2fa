// SPDX-License-Identifier: Apache-2.0

/// Why a job did not run, or did not finish. Whatever the reason: nothing became visible.
public struct JobError: Error, Sendable, CustomStringConvertible {
  /// What kind of failure it is; stable, and the command's exit code.
  public struct Code: Hashable, Sendable {
    /// The exit code of a command that ends with this error (`sysexits.h`).
    public let exitCode: Int32
    /// The word used in JSON.
    public let name: String

    /// The job's own code threw.
    public static let failed = Code(exitCode: 1, name: "failed")
    /// The job or its arguments make no sense.
    public static let usage = Code(exitCode: 64, name: "usage")
    /// Input data is not what the job needs.
    public static let badInput = Code(exitCode: 65, name: "bad_input")
    /// An input, job or result does not exist, or cannot be read.
    public static let noInput = Code(exitCode: 66, name: "no_input")
    /// No node answers, or too few nodes do.
    public static let unavailable = Code(exitCode: 69, name: "unavailable")
    /// The engine is at fault.
    public static let internalFault = Code(exitCode: 70, name: "internal")
    /// An output cannot be written.
    public static let cannotWrite = Code(exitCode: 73, name: "cannot_write")
    /// The cluster went on without this node: nothing is lost, and it may start again.
    public static let tryAgain = Code(exitCode: 75, name: "try_again")
    /// The other side does not want this one.
    public static let notAllowed = Code(exitCode: 77, name: "not_allowed")
    /// A setting is wrong, wherever it comes from.
    public static let badConfiguration = Code(exitCode: 78, name: "bad_configuration")
    /// Somebody pressed ^C, or the process was told to end.
    public static let interrupted = Code(exitCode: 130, name: "interrupted")
  }

  /// What kind of failure it is.
  public var code: Code
  /// What happened, in one sentence that names the thing.
  public var message: String
  /// The operator whose closure threw, as file and line.
  public var location: String?
  /// The input record that was being worked on: where it stands, and its beginning.
  public var record: String?
  /// What to do about it.
  public var advice: String?

  /// Makes an error.
  public init(
    _ code: Code, _ message: String, location: String? = nil, record: String? = nil,
    advice: String? = nil
  ) {
    self.code = code
    self.message = message
    self.location = location
    self.record = record
    self.advice = advice
  }

  /// The whole error on several lines.
  public var description: String {
    var lines = [message]
    if let location { lines.append("  operator  \(location)") }
    if let record { lines.append("  record    \(record)") }
    if let advice { lines.append("  try       \(advice)") }
    return lines.joined(separator: "\n")
  }
}
