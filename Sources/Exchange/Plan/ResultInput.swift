// SPDX-License-Identifier: Apache-2.0
package import Memory
package import Vocabulary

/// Which version of a result is meant.
@usableFromInline package enum VersionSelector: Hashable, Sendable {
  case latest
  case version(UInt64)
  /// The newest that was visible at an instant, in microseconds since 1970.
  case asOf(UInt64)
}

/// The result of an earlier job, as a plan reads it. Which version that is, is chosen when the job
/// begins: it is no part of the plan.
@usableFromInline package struct ResultInput: Hashable, Sendable {
  /// What its records are read as. Elements are their own keys in some results, and values without
  /// a key in others.
  @usableFromInline package enum Elements: Hashable, Sendable {
    case pairs(key: TypeCode, value: TypeCode)
    case keys(TypeCode)
    case values(TypeCode)
    case keysOrValues(TypeCode)
  }

  package let name: String
  package let asOf: VersionSelector
  package let elements: Elements

  package init(name: String, asOf: VersionSelector = .latest, elements: Elements) {
    self.name = name
    self.asOf = asOf
    self.elements = elements
  }

  /// `customers@12`.
  package var text: String {
    switch asOf {
    case .latest: name
    case .version(let number): "\(name)@\(number)"
    case .asOf(let microseconds): "\(name) as of \(Instant(microseconds: microseconds).text)"
    }
  }

  /// Whether records with this schema can be read so.
  private func canRead(_ schema: ResultSchema) -> Bool {
    switch (elements, schema.shape) {
    case (.pairs(let key, let value), .pairs):
      key.isReadable(from: schema.key) && value.isReadable(from: schema.value)
    case (.keys(let key), .keys), (.keysOrValues(let key), .keys):
      key.isReadable(from: schema.key)
    case (.values(let value), .values), (.keysOrValues(let value), .values):
      value.isReadable(from: schema.value)
    default: false
    }
  }

  /// Why a result cannot be read so; nil where it can. `stored` is what people call it.
  package func mismatch(_ schema: ResultSchema, of stored: String) -> JobFailure? {
    guard !canRead(schema) else { return nil }
    return JobFailure(
      exitCode: 65, code: "bad_input",
      message: "codec mismatch: result \(stored) holds \(schema.elements), "
        + "and is read as \(elements)",
      advice: "ask for the types with which its job writes it")
  }
}

extension ResultInput.Elements: CustomStringConvertible {
  @usableFromInline package var description: String {
    switch self {
    case .pairs(let key, let value): "(\(key), \(value)) pairs"
    case .keys(let type): "\(type) elements that are their own keys"
    case .values(let type): "\(type) elements without keys"
    case .keysOrValues(let type): "\(type) elements"
    }
  }
}

extension TypeCode {
  /// Whether it means the same bytes as `other`: text and raw bytes are encoded alike.
  package func isReadable(from other: TypeCode) -> Bool {
    switch (self, other) {
    case (.string, .bytes), (.bytes, .string): true
    case (.tuple(let parts), .tuple(let others)):
      parts.count == others.count && zip(parts, others).allSatisfy { $0.isReadable(from: $1) }
    case (.array(let element), .array(let another)): element.isReadable(from: another)
    case (.optional(let wrapped), .optional(let another)): wrapped.isReadable(from: another)
    default: self == other
    }
  }
}

extension PlanDescription {
  /// The results that its stages read, in their order, with the operators that read them.
  package var resultInputs: [(id: BranchID, input: ResultInput, reader: OperatorDescription?)] {
    stages.flatMap { stage in
      stage.branches.enumerated().compactMap { index, branch in
        guard case .result(let input) = branch.input else { return nil }
        return (BranchID(stage.id, index), input, branch.operators.first ?? stage.operators.first)
      }
    }
  }
}

extension ByteBuffer {
  package mutating func append(_ selector: VersionSelector) {
    switch selector {
    case .latest: append(0 as UInt8)
    case .version(let number):
      append(1 as UInt8)
      appendVarint(number)
    case .asOf(let microseconds):
      append(2 as UInt8)
      appendVarint(microseconds)
    }
  }

  mutating func append(_ input: ResultInput) {
    append(counted: input.name)
    append(input.asOf)
    switch input.elements {
    case .pairs(let key, let value):
      append(0 as UInt8)
      append(counted: key.description)
      append(counted: value.description)
    case .keys(let type):
      append(1 as UInt8)
      append(counted: type.description)
    case .values(let type):
      append(2 as UInt8)
      append(counted: type.description)
    case .keysOrValues(let type):
      append(3 as UInt8)
      append(counted: type.description)
    }
  }
}

extension ByteReader {
  package mutating func versionSelector() throws(Damaged) -> VersionSelector {
    switch try byte() {
    case 0: .latest
    case 1: .version(try varint())
    case 2: .asOf(try varint())
    default: throw Damaged()
    }
  }

  private mutating func typeCode() throws(Damaged) -> TypeCode {
    guard let code = TypeCode(try text()) else { throw Damaged() }
    return code
  }

  mutating func resultInput() throws(Damaged) -> ResultInput {
    let name = try text()
    let asOf = try versionSelector()
    let elements: ResultInput.Elements
    switch try byte() {
    case 0:
      let key = try typeCode()
      elements = .pairs(key: key, value: try typeCode())
    case 1: elements = .keys(try typeCode())
    case 2: elements = .values(try typeCode())
    case 3: elements = .keysOrValues(try typeCode())
    default: throw Damaged()
    }
    return ResultInput(name: name, asOf: asOf, elements: elements)
  }
}
