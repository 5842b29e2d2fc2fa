// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory

/// The fields of one JSON object after the other, by their names, with and without escapes.
struct JSONFields: ~Copyable {
  private var object = JSONObjectScanner()
  /// Texts of fields without their escapes, once they were asked for.
  private var texts: [(field: Int, text: Bytes)] = []
  /// Where these lie: they are no longer than the line.
  private var scratch = ByteBuffer()

  var line: Bytes { object.line }

  /// Goes on to another line.
  mutating func begin(_ line: Bytes) throws {
    if !texts.isEmpty {
      texts.removeAll(keepingCapacity: true)
      scratch.removeAll()
    }
    do throws(JSONProblem) { try object.begin(line) } catch { throw error.jobError }
  }

  /// The value of a field as it stands in the line, and where it is kept; nil where there is none.
  mutating func find(_ name: String) throws -> (place: Int, value: Bytes)? {
    var name = name
    return try name.withUTF8Bytes { wanted in
      var start = 0
      while let field = try next(wanted, from: start) {
        if try isNamed(object.name(field), wanted) { return (field, object.value(field)) }
        start = field + 1
      }
      return nil
    }
  }

  /// The whole number in a field, where it takes no more than that to know it.
  mutating func shortNumber(_ name: String) throws -> Int? {
    var name = name
    return try name.withUTF8Bytes { wanted in
      do throws(JSONProblem) {
        return try object.shortNumber(wanted)
      } catch {
        throw error.jobError
      }
    }
  }

  private mutating func next(_ wanted: Bytes, from start: Int) throws -> Int? {
    do throws(JSONProblem) {
      return try object.find(wanted, from: start)
    } catch {
      throw error.jobError
    }
  }

  /// The text of a field whose value stands in quotes.
  mutating func text(_ field: Int) throws -> Bytes {
    let value = object.value(field)
    let inner = value[1..<(value.count - 1)]
    guard inner.firstIndex(of: UInt8(ascii: "\\")) != nil else { return inner }
    if let known = texts.first(where: { $0.field == field }) { return known.text }
    // Views into it stay where they are: each text is made once.
    scratch.reserve(line.count - scratch.count)
    let start = scratch.count
    scratch.append(try unescaped(Array(value)))
    let text = scratch.bytes[start..<scratch.count]
    texts.append((field, text))
    return text
  }

  private func isNamed(_ name: Bytes, _ wanted: Bytes) throws -> Bool {
    if name.count == wanted.count { return name == wanted }
    // An escape is longer than what it stands for.
    guard name.count > wanted.count else { return false }
    var text = try unescaped(Array("\"".utf8) + Array(name) + Array("\"".utf8))
    return text.withUTF8Bytes { $0 == wanted }
  }

  private func unescaped(_ quoted: [UInt8]) throws -> String {
    do throws(JSONReader.Wrong) {
      guard case .text(let text) = try JSONReader.read(quoted) else {
        preconditionFailure("what stands in quotes is a text")
      }
      return text
    } catch {
      throw JobError(.badInput, "a text of this line is no JSON: \(error.what)")
    }
  }
}

extension JSONProblem {
  fileprivate var jobError: JobError {
    JobError(.badInput, "this line is no JSON object: \(what) (byte \(offset + 1))")
  }
}
