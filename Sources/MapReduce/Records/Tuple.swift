// SPDX-License-Identifier: Apache-2.0
public import Exchange
import Memory

/// Several keys as one, compared from the first to the last: `emit(Tuple(country, year), 1)`.
///
/// Swift's own tuples cannot conform to protocols; `keyed` takes them and makes a `Tuple`.
public struct Tuple<each Part: Key>: Key {
  /// The parts, as a Swift tuple.
  public let parts: (repeat each Part)

  /// Puts parts together.
  @inlinable public init(_ part: repeat each Part) { parts = (repeat each part) }

  /// The codes of all parts.
  public static var typeCode: TypeCode {
    var codes: [TypeCode] = []
    for part in repeat (each Part).self { codes.append(part.typeCode) }
    return .tuple(codes)
  }

  /// The parts' encodings, one behind the other, each with its end marked.
  @inlinable public func encodeKey(into target: inout RecordWriter, isLast: Bool) {
    for part in repeat each parts { part.encodeKey(into: &target, isLast: false) }
  }

  /// Reads what `encodeKey` wrote.
  @inlinable public static func decodeKey(
    from source: inout RecordReader, isLast: Bool
  ) throws -> Tuple {
    Tuple(repeat try (each Part).decodeKey(from: &source, isLast: false))
  }
}

extension Tuple: Record where repeat each Part: Record {
  /// The parts, one behind the other.
  @inlinable public func encode(into target: inout RecordWriter) {
    for part in repeat each parts { part.encode(into: &target) }
  }
  /// Reads what `encode` wrote.
  @inlinable public init(from source: inout RecordReader) throws {
    self.init(repeat try (each Part)(from: &source))
  }
}
