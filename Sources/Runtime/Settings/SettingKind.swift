// SPDX-License-Identifier: Apache-2.0

/// What a setting takes.
package enum SettingKind: Sendable, Hashable {
  /// 1 to 64 letters, digits, `-`, `_` and `.`, which can be a part of a path.
  case name
  /// A path of at most so many bytes.
  case path(bytesMaximum: Int)
  /// Where to listen, or, where `isDialled`, what others connect to.
  case address(isDialled: Bool)
  /// What this node connects to.
  case addresses
  /// In nanoseconds.
  case duration(ClosedRange<UInt64>)
  case bytes(ClosedRange<Int>)
  case count(ClosedRange<Int>)
  case choice([String])
  case bool

  /// The type in one word.
  package var word: String {
    switch self {
    case .name: "name"
    case .path: "path"
    case .address: "address"
    case .addresses: "addresses"
    case .duration: "duration"
    case .bytes: "bytes"
    case .count: "count"
    case .choice: "choice"
    case .bool: "true or false"
    }
  }

  /// What is allowed.
  package var range: String {
    switch self {
    case .name: "1 to 64 of A–Z, a–z, 0–9, - _ . (not first)"
    case .path(let most): "1 to \(most) bytes"
    case .address(let isDialled): isDialled ? "host:port, not 0.0.0.0" : "host:port"
    case .addresses: "host:port, separated by commas"
    case .duration(let range):
      "\(Units.text(nanoseconds: range.lowerBound)) to "
        + Units.text(nanoseconds: range.upperBound)
    case .bytes(let range):
      "\(Units.text(bytes: range.lowerBound)) to \(Units.text(bytes: range.upperBound))"
    case .count(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .choice(let words): words.joined(separator: ", ")
    case .bool: "true, false"
    }
  }

  /// The value that was meant.
  func value(_ written: WrittenValue) throws(Complaint) -> SettingValue {
    switch self {
    case .name, .path, .choice: return .text(try text(written))
    case .address(let isDialled):
      return .address(try address(written, isDialled: isDialled, isPortNeeded: false))
    case .addresses: return .addresses(try addresses(written))
    case .duration(let range):
      guard case .plain(let text) = written.asText, let value = Units.nanoseconds(text) else {
        throw wrong(written, "write a whole number with a unit of ns, us, ms, s, m, h, d: 500ms")
      }
      guard range.contains(value) else { throw outside(written) }
      return .nanoseconds(value)
    case .bytes(let range):
      guard let value = size(written) else {
        throw wrong(written, "write a whole number with a unit of B, KiB, MiB, GiB, TiB: 64MiB")
      }
      guard range.contains(value) else { throw outside(written) }
      return .bytes(value)
    case .count(let range):
      guard let value = integer(written) else { throw wrong(written, "write a whole number") }
      guard range.contains(value) else { throw outside(written) }
      return .count(value)
    case .bool:
      switch written {
      case .bool(let value): return .bool(value)
      case .plain("true"): return .bool(true)
      case .plain("false"): return .bool(false)
      default: throw wrong(written, "write true or false")
      }
    }
  }

  private func wrong(_ written: WrittenValue, _ advice: String) -> Complaint {
    Complaint(message: "takes \(article)\(word), not \(written.shown)", advice: advice)
  }

  private var article: String {
    switch self {
    case .address: "an "
    case .addresses, .bytes, .bool: ""
    default: "a "
    }
  }

  private func outside(_ written: WrittenValue) -> Complaint {
    Complaint(message: "cannot be \(written.shown)", advice: "allowed: \(range)")
  }

  private func text(_ written: WrittenValue) throws(Complaint) -> String {
    guard case .plain(let text) = written.asText else {
      throw wrong(written, "write it in quotes: \"…\"")
    }
    switch self {
    case .name where !Self.isName(text): throw outside(written)
    case .choice(let words) where !words.contains(text): throw outside(written)
    case .path(let most) where text.isEmpty || text.utf8.count > most: throw outside(written)
    case .path where text.utf8.contains { $0 < 0x20 || $0 == 0x7F }: throw outside(written)
    case .path where text.hasPrefix("~"):
      throw Complaint(
        message: "cannot be \(written.shown): nothing stands for ~ here",
        advice: "write the whole path")
    default: return text
    }
  }

  private static func isName(_ text: String) -> Bool {
    guard (1...64).contains(text.utf8.count), text.utf8.first != 0x2E, text.utf8.first != 0x2D
    else { return false }
    return text.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
        || [0x2D, 0x2E, 0x5F].contains(byte)
    }
  }

  private func address(
    _ written: WrittenValue, isDialled: Bool, isPortNeeded: Bool
  ) throws(Complaint) -> HostPort {
    guard case .plain(let text) = written.asText, let address = HostPort(text) else {
      throw wrong(written, "write it as 10.0.0.1:7071, name:7071 or [::1]:7071")
    }
    guard !isDialled || !address.isWildcard else {
      throw Complaint(
        message: "cannot be \(written.shown), which nobody can connect to",
        advice: "name an address at which other nodes reach that one")
    }
    guard !isPortNeeded || address.port > 0 else {
      throw Complaint(
        message: "cannot be \(written.shown): port 0 is none to connect to",
        advice: "write the port at which that node listens")
    }
    return address
  }

  private func addresses(_ written: WrittenValue) throws(Complaint) -> [HostPort] {
    let parts: [WrittenValue]
    switch written {
    case .list(let list): parts = list
    case .plain(""), .text(""): parts = []
    case .plain(let text), .text(let text):
      parts = text.split(separator: ",", omittingEmptySubsequences: false)
        .map { .plain(String($0.drop { $0 == " " })) }
    default: throw wrong(written, "write [\"10.0.0.1:7071\", \"10.0.0.2:7071\"]")
    }
    var found: [HostPort] = []
    for part in parts {
      found.append(try address(part, isDialled: true, isPortNeeded: true))
    }
    return found
  }

  private func size(_ written: WrittenValue) -> Int? {
    if case .integer(let value) = written { return value }
    guard case .plain(let text) = written.asText else { return nil }
    return Units.bytes(text)
  }

  private func integer(_ written: WrittenValue) -> Int? {
    switch written {
    case .integer(let value): value
    // A number with too many digits is out of range, not of another type.
    case .plain(let text) where !text.hasPrefix("+"):
      Int(text)
        ?? (text.utf8.isEmpty || !text.utf8.allSatisfy { (0x30...0x39).contains($0) }
          ? nil : Int.max)
    default: nil
    }
  }
}

extension WrittenValue {
  /// Text from a file in the form that text from elsewhere has; all else as it is.
  fileprivate var asText: WrittenValue {
    if case .text(let text) = self { .plain(text) } else { self }
  }
}
