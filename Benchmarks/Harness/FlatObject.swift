// SPDX-License-Identifier: Apache-2.0

/// A JSON object without objects in it, whose texts hold no commas, colons or quotes: what our own
/// programs print.
struct FlatObject {
  private var fields: [String: String] = [:]

  init(_ line: String) {
    let noise: Set<Character> = ["{", "}", "\"", "\n", " "]
    for pair in line.filter({ !noise.contains($0) }).split(separator: ",") {
      let parts = pair.split(separator: ":", omittingEmptySubsequences: false)
      if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
    }
  }

  subscript(name: String) -> String? { fields[name] }

  func number(_ name: String) -> Double? { fields[name].flatMap { Double($0) } }
}
