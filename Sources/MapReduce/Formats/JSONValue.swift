// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// Makes values of JSON documents by way of a tree. What is wrong is told with the path of keys to
/// it.
///
/// Slow, and only for lines that `DocumentDecoder` makes no value of: they are told the same way
/// whatever is wrong with them, and the few that are right have names with escapes.
enum JSONValue {
  static func decode<T: Decodable>(_ type: T.Type, from line: Bytes) throws -> T {
    let document: JSON
    do throws(JSONReader.Wrong) {
      document = try JSONReader.read(Array(line))
    } catch {
      throw JobError(.badInput, "this line is no JSON: \(error.what) (byte \(error.offset + 1))")
    }
    do {
      return try T(from: TaggedDecoder(tree: document.tree, codingPath: [], isJSON: true))
    } catch let error as DecodingError {
      throw JobError(.badInput, reason(error, document))
    }
  }

  private static func reason(_ error: DecodingError, _ document: JSON) -> String {
    switch error {
    case .keyNotFound(let key, let context):
      return "there is no field named \(text(context.codingPath + [key]))"
    case .typeMismatch(let type, let context):
      let found = document.value(at: context.codingPath) ?? document
      var line = found.line
      let shown = line.withUTF8Bytes { $0.shown }
      let path = text(context.codingPath)
      return "\(path.isEmpty ? "the line" : path) holds \(shown), which is no \(type)"
    default: return error.reason
    }
  }

  private static func text(_ path: [any CodingKey]) -> String {
    path.map(\.stringValue).joined(separator: ".")
  }
}

extension JSON {
  /// The value at the end of a path of names and places.
  fileprivate func value(at path: [any CodingKey]) -> JSON? {
    var value: JSON? = self
    for key in path {
      if case .array(let elements) = value, let place = key.intValue {
        value = elements.indices.contains(place) ? elements[place] : nil
      } else {
        value = value?[key.stringValue]
      }
    }
    return value
  }

  /// The same as a tree of values that tell their types.
  fileprivate var tree: TaggedTree {
    switch self {
    case .null: .none
    case .bool(let value): .bool(value)
    case .integer(let value): .integer(Int64(value))
    case .natural(let value): .natural(value)
    case .number(let value): .double(value)
    case .text(let value): .text(value)
    case .array(let elements): .list(elements.map(\.tree))
    case .object(let fields): .record(fields.map { ($0.0, $0.1.tree) })
    }
  }
}
