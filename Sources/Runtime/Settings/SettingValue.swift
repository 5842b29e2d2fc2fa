// SPDX-License-Identifier: Apache-2.0

/// A value that a setting has.
package enum SettingValue: Sendable, Hashable, CustomStringConvertible {
  case text(String)
  case address(HostPort)
  case addresses([HostPort])
  case nanoseconds(UInt64)
  case bytes(Int)
  case count(Int)
  case bool(Bool)

  /// As it is written on a command line.
  package var description: String {
    switch self {
    case .text(let text): text
    case .address(let address): address.description
    case .addresses(let list): list.map(\.description).joined(separator: ",")
    case .nanoseconds(let value): Units.text(nanoseconds: value)
    case .bytes(let value): Units.text(bytes: value)
    case .count(let value): String(value)
    case .bool(let value): String(value)
    }
  }

  /// As it is written in a file.
  package var toml: String {
    switch self {
    case .count, .bool: description
    case .addresses(let list): "[" + list.map { "\"\($0)\"" }.joined(separator: ", ") + "]"
    case .text, .address, .nanoseconds, .bytes: "\"\(escaped)\""
    }
  }

  private var escaped: String {
    var text = ""
    for scalar in description.unicodeScalars {
      switch scalar {
      case "\"", "\\": text += "\\\(scalar)"
      case "\u{0}"..."\u{1F}", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}

/// A value as it was written, before it is known what the setting takes.
enum WrittenValue {
  /// From a flag or a variable, which have no types: numbers are text, too.
  case plain(String)
  /// From a file.
  case text(String)
  case integer(Int)
  case bool(Bool)
  case list([WrittenValue])
  /// What no setting takes, by the name of its type.
  case other(String)

  /// As an error shows it, without control characters.
  var shown: String {
    switch self {
    case .plain(let text), .text(let text):
      let short = text.unicodeScalars.count > 80 ? text.prefix(80) + "…" : text[...]
      return short.debugDescription
    case .integer(let value): return "the integer \(value)"
    case .bool(let value): return "\(value)"
    case .list: return "a list"
    case .other(let type): return "a \(type)"
    }
  }
}

/// Where a value comes from. Later ones override earlier ones.
package enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
  case standard
  case file(path: String, line: Int)
  case variable(String)
  case flag(String)

  package var description: String {
    switch self {
    case .standard: "default"
    case .file(let path, let line): "\(path):\(line)"
    case .variable(let name): name
    case .flag(let name): name
    }
  }
}
