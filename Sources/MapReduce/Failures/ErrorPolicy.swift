// SPDX-License-Identifier: Apache-2.0

/// What becomes of records for which a closure throws.
public struct ErrorPolicy: Sendable {
  enum Kind {
    case fail
    case deadLetter(Target, limit: Int)
  }

  let kind: Kind

  /// The first one ends the job. It is also what happens without `onError`; where another `onError`
  /// follows, records that fail before this one are none of its business.
  public static let fail = ErrorPolicy(kind: .fail)

  /// They are left out, and become the result `name` of the same job: pairs of the place in the
  /// input, and of what was thrown with the record as it stands there, in the order of the input.
  /// The job fails where there are more than `limit` of them.
  public static func deadLetter(_ name: String, limit: Int = 1000) -> ErrorPolicy {
    precondition(limit >= 0, "a limit is a number of records, not \(limit)")
    return ErrorPolicy(kind: .deadLetter(.result(name), limit: limit))
  }
}
