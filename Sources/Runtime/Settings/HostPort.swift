// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An address as people write it: `10.0.0.1:7071`, `name:7071`, `[::1]:7071`. Names are resolved
/// where the address is used, not here.
package struct HostPort: Sendable, Hashable, CustomStringConvertible {
  /// Without the brackets that an IPv6 address is written in.
  package let host: String
  package let port: UInt16

  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Nil where the text is no address.
  package init?(_ text: String) {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
    let digits = text[text.utf8.index(after: colon)...]
    // A sign would be taken for a part of the number.
    guard digits.utf8.allSatisfy(Self.isDigit), let port = UInt16(digits) else { return nil }
    let host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      let inner = String(host.dropFirst().dropLast())
      guard IPAddress.v6(inner) != nil else { return nil }
      self.init(host: inner, port: port)
    } else {
      guard Self.isName(host) else { return nil }
      self.init(host: String(host), port: port)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  /// Letters, digits, `-`, `_` and `.`: a name of a host, or an IPv4 address.
  private static func isName(_ host: Substring) -> Bool {
    !host.isEmpty && host.utf8.count <= 253
      && host.utf8.allSatisfy { byte in
        isDigit(byte) || (0x61...0x7A).contains(byte | 0x20) || [0x2D, 0x2E, 0x5F].contains(byte)
      }
  }

  package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  /// Whether only this host can reach it. Of names only `localhost` is known to be one.
  package var isLoopback: Bool {
    if let bytes = IPAddress.v4(host) { return bytes[0] == 127 }
    if let bytes = IPAddress.v6(host) {
      let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127]
      return bytes.starts(with: mapped)
        || (bytes.dropLast().allSatisfy { $0 == 0 } && bytes[15] == 1)
    }
    return host.utf8.count == 9 && host.lowercased() == "localhost"
  }

  /// Whether it stands for all addresses of a host, so that nobody can dial it.
  package var isWildcard: Bool {
    (IPAddress.v4(host) ?? IPAddress.v6(host))?.allSatisfy { $0 == 0 } ?? false
  }
}

/// The bytes of numeric addresses.
private enum IPAddress {
  static func v4(_ text: String) -> [UInt8]? { bytes(text, AF_INET, 4) }
  static func v6(_ text: String) -> [UInt8]? { bytes(text, AF_INET6, 16) }

  private static func bytes(_ text: String, _ family: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return unsafe inet_pton(family, text, &bytes) == 1 ? bytes : nil
  }
}
