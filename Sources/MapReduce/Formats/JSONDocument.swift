// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// The document that is worked on, as its values are asked for; used by one thread.
///
/// Numbers of JSON have one kind. Whole ones are exact as far as 64 bits reach; all others are
/// `Double`s.
final class JSONDocument {
  let index = HeapCell(JSONIndex())

  /// The bytes of a value as they stand in the line.
  func bytes(_ part: Int) -> Bytes {
    let place = index.value[part]
    return index.value.line[place.start..<place.end]
  }

  func isNull(_ part: Int) -> Bool { index.value[part].kind == .null }

  func bool(_ part: Int) -> Bool? {
    switch index.value[part].kind {
    case .yes: true
    case .no: false
    default: nil
    }
  }

  func text(_ part: Int) -> String? {
    let place = index.value[part]
    switch place.kind {
    case .text: return String(index.value.line[(place.start + 1)..<(place.end - 1)])
    case .escapedText: return tree(part).text
    default: return nil
    }
  }

  func double(_ part: Int) -> Double? {
    let place = index.value[part]
    switch place.kind {
    case .whole: return Double(place.value)
    case .number:
      let bytes = bytes(part)
      // The sign of a zero is lost with that of a whole number.
      return Int(bytes).map { Double($0) } ?? Double(bytes)
    default: return nil
    }
  }

  func integer<N: FixedWidthInteger>(_ type: N.Type, _ part: Int) -> N? {
    let place = index.value[part]
    switch place.kind {
    case .whole: return N(exactly: place.value)
    case .number:
      let bytes = bytes(part)
      if let number = Int(bytes) { return N(exactly: number) }
      if let number = UInt64(bytes) { return N(exactly: number) }
      return Double(bytes).flatMap { N(exactly: $0) }
    // Numbers of more than 64 bits may stand in texts.
    case .text, .escapedText: return N.bitWidth > 64 ? text(part).flatMap { N($0) } : nil
    default: return nil
    }
  }

  /// A value as a tree: slow, and for what is rare.
  func tree(_ part: Int) -> JSON {
    do throws(JSONReader.Wrong) {
      return try JSONReader.read(Array(bytes(part)))
    } catch {
      preconditionFailure("what was indexed is JSON: \(error)")
    }
  }
}

extension JSON {
  /// The text that it is.
  fileprivate var text: String? { if case .text(let text) = self { text } else { nil } }
}

/// An object that values are decoded from, for the path to them.
class JSONPlace {
  let document: JSONDocument
  let part: Int
  let above: JSONPlace?
  let index: HeapCell<JSONIndex>

  init(_ document: JSONDocument, _ part: Int, _ above: JSONPlace?) {
    self.document = document
    index = document.index
    self.part = part
    self.above = above
  }

  func key(_ name: Bytes) -> (any CodingKey)? { nil }
}

extension JSONDocument {
  /// The keys that lead to a value in `above`. Found when they are asked for, which is seldom.
  func path(to part: Int, in above: JSONPlace?) -> [any CodingKey] {
    var path = above.map { self.path(to: $0.part, in: $0.above) } ?? []
    var place = above?.part ?? 0
    while place != part {
      let step = child(of: place, around: part)
      if let key = step.name.map({ above?.key($0) }) ?? ElementKey(step.number) { path.append(key) }
      place = step.part
    }
    return path
  }

  /// The value in a list or an object that a deeper one is in or is.
  private func child(
    of place: Int, around part: Int
  ) -> (part: Int, name: Bytes?, number: Int) {
    let isObject = index.value[place].kind == .object
    var number = 0
    var child = place + (isObject ? 2 : 1)
    while index.value[child].next <= part {
      child = index.value[child].next + (isObject ? 1 : 0)
      number += 1
    }
    return (child, isObject ? index.value.name(child - 1) : nil, number)
  }
}
