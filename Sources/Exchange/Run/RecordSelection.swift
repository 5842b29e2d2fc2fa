// SPDX-License-Identifier: Apache-2.0
package import Memory

/// Which records of a result are read.
package enum RecordSelection: Hashable, Sendable {
  case all
  /// Those with this key; the parts of a tuple stand between tabs.
  case key(String)
  /// Those whose key begins with this text.
  case prefix(String)

  /// Looks for the records in a result of this schema; a failure that says why none can be meant.
  package func bounds(
    _ schema: ResultSchema, of name: String
  ) throws(JobFailure) -> RecordBounds {
    switch self {
    case .all: return RecordBounds(wanted: [], match: .any)
    case .key(let text):
      guard schema.shape != .values else { throw Self.noKeys("a key", name) }
      guard let key = KeyText.encode(text, as: schema.key) else {
        throw Self.usage(
          "\"\(text)\" is not a key of type \(schema.key)",
          advice: "write numbers in decimal, and the parts of a tuple between tabs")
      }
      return RecordBounds(wanted: key, match: .whole)
    case .prefix(let text):
      guard schema.shape != .values else { throw Self.noKeys("a prefix", name) }
      guard let prefix = KeyText.encodePrefix(text, as: schema.key) else {
        throw Self.usage("keys of type \(schema.key) have no prefix \"\(text)\"")
      }
      return RecordBounds(wanted: prefix, match: .prefix)
    }
  }

  private static func noKeys(_ what: String, _ name: String) -> JobFailure {
    usage("result \(name) has no keys, so \(what) finds nothing in it")
  }

  private static func usage(_ message: String, advice: String? = nil) -> JobFailure {
    JobFailure(exitCode: 64, code: "usage", message: message, advice: advice)
  }
}

/// Where the selected records stand among all, in the order of keys.
package struct RecordBounds: Hashable, Sendable {
  package enum Match: Hashable, Sendable {
    case any
    case whole
    case prefix
  }

  package enum Place: Hashable, Sendable {
    case before
    case inside
    case after
  }

  /// No selected record has a lower key.
  package let wanted: [UInt8]
  package let match: Match

  package func place(of key: Bytes) -> Place {
    wanted.withBytes { wanted in
      let isInside =
        switch match {
        case .any: true
        case .whole: key == wanted
        case .prefix: key.hasPrefix(wanted)
        }
      if isInside { return .inside }
      return key < wanted ? .before : .after
    }
  }
}
