// SPDX-License-Identifier: Apache-2.0

/// What stands in front of a request's body (RFC 9112). Strict where leniency has been used to say
/// different things to different readers: one `Content-Length`, no folded fields, no bare line
/// ends.
struct HTTPRequest: Sendable {
  let method: String
  /// As it came, without the query.
  let target: String
  /// The parts of the path, decoded.
  let path: [String]
  /// Names and values, decoded; no name comes twice.
  let query: [(name: String, value: String)]
  /// Names in small letters.
  let fields: [(name: String, value: String)]
  /// A client of HTTP 1.0 knows neither chunks nor connections that stay.
  let isOld: Bool
  /// Bytes of the body.
  let bodyBytes: Int

  /// The value of a field; those of the same name together.
  subscript(_ name: String) -> String? {
    let values = fields.filter { $0.name == name }.map(\.value)
    return values.isEmpty ? nil : values.joined(separator: ", ")
  }

  /// The value of a parameter of the query.
  func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }

  var wantsClose: Bool {
    let words = Self.list(self["connection"])
    return words.contains("close") || isOld
  }

  var expectsContinue: Bool { !isOld && Self.list(self["expect"]).contains("100-continue") }

  /// The parts of a field between commas, in small letters.
  static func list(_ value: String?) -> [String] {
    (value ?? "").split(separator: ",").map { trimmed($0[...]).lowercased() }
  }

  static func trimmed(_ text: Substring) -> String {
    let rest = text.drop { $0 == " " || $0 == "\t" }
    guard let end = rest.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
    return String(rest[...end])
  }

  /// Of the bytes before the empty line; they end with the last field's line end.
  init(head: ArraySlice<UInt8>, limits: HTTPLimits) throws(Problem) {
    var lines = try Self.lines(head)
    guard !lines.isEmpty else { throw Self.bad("the request has no first line") }
    let words = lines.removeFirst().split(
      separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard words.count == 3, !words[0].isEmpty, words[0].allSatisfy(Self.isToken) else {
      throw Self.bad("the first line is not of the form METHOD TARGET HTTP/1.1")
    }
    method = String(decoding: words[0], as: UTF8.self)
    switch String(decoding: words[2], as: UTF8.self) {
    case "HTTP/1.1": isOld = false
    case "HTTP/1.0": isOld = true
    default:
      throw Problem(505, .usage, "this is a server of HTTP/1.1", advice: "ask with HTTP/1.1")
    }
    (target, path, query) = try Self.target(words[1])
    guard lines.count <= limits.fields else {
      throw Problem(431, .usage, "the request has more than \(limits.fields) fields")
    }
    var fields: [(name: String, value: String)] = []
    for line in lines { fields.append(try Self.field(line)) }
    self.fields = fields
    bodyBytes = try Self.length(fields)
    let hosts = fields.count { $0.name == "host" }
    guard hosts == 1 || hosts == 0 && isOld else {
      throw Self.bad("a request has one field Host, not \(hosts)")
    }
  }

  static func bad(_ message: String) -> Problem { Problem(400, .usage, message) }

  private static func lines(_ head: ArraySlice<UInt8>) throws(Problem) -> [ArraySlice<UInt8>] {
    var lines: [ArraySlice<UInt8>] = []
    var start = head.startIndex
    while start < head.endIndex {
      guard let end = head[start...].firstIndex(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }),
        head[end] == 0x0D, end + 1 < head.endIndex, head[end + 1] == 0x0A
      else { throw bad("a control character stands in the request") }
      lines.append(head[start..<end])
      start = end + 2
    }
    return lines
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func field(
    _ line: ArraySlice<UInt8>
  ) throws(Problem) -> (name: String, value: String) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
      line[..<colon].allSatisfy(isToken)
    else { throw bad("a field is not of the form Name: value") }
    let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
    return (String(decoding: line[..<colon], as: UTF8.self).lowercased(), trimmed(value[...]))
  }

  private static func length(
    _ fields: [(name: String, value: String)]
  ) throws(Problem) -> Int {
    guard !fields.contains(where: { $0.name == "transfer-encoding" }) else {
      throw Problem(
        411, .usage, "a body in pieces of unknown number is not taken",
        advice: "send Content-Length instead of Transfer-Encoding")
    }
    let lengths = fields.filter { $0.name == "content-length" }.map(\.value)
    guard let length = lengths.first else { return 0 }
    guard lengths.count == 1, !length.isEmpty,
      length.utf8.allSatisfy({ (0x30...0x39).contains($0) }), length.utf8.count <= 18,
      let bytes = Int(length)
    else { throw bad("Content-Length is one whole number") }
    return bytes
  }
}

extension HTTPRequest {
  private static func target(
    _ bytes: ArraySlice<UInt8>
  ) throws(Problem) -> (String, [String], [(name: String, value: String)]) {
    guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw bad("the target of a request is a path, percent-encoded")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var path: [String] = []
    for part in parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      path.append(try decoded(part))
    }
    var query: [(name: String, value: String)] = []
    for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try decoded(sides[0], isForm: true)
      guard !query.contains(where: { $0.name == name }) else {
        throw bad("the parameter \(name) comes twice")
      }
      query.append((name, sides.count > 1 ? try decoded(sides[1], isForm: true) : ""))
    }
    return (String(parts[0]), path, query)
  }

  /// Percent-decoded. In a query, a plus stands for a space.
  private static func decoded(_ text: Substring, isForm: Bool = false) throws(Problem) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2)
        let isHex = digits.allSatisfy {
          (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20)
        }
        guard digits.count == 2, isHex,
          let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16), value > 0
        else { throw bad("\"%\" stands before two hexadecimal digits, and not before 00") }
        bytes.append(value)
        rest = rest.dropFirst(2)
      case UInt8(ascii: "+") where isForm: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw bad("the target is not UTF-8 behind its percent-encoding")
    }
    return text
  }
}
