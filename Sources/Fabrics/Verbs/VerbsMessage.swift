// SPDX-License-Identifier: Apache-2.0

/// What two members tell each other besides writes: a kind, how many receives the sender has posted
/// anew, and up to 248 bytes.
package struct VerbsMessage: Sendable, Hashable {
  package enum Kind: UInt8, Sendable {
    /// A piece of the handshake.
    case hello = 1
    /// Where the sender's copies are: only for a member that has proven the key.
    case memory
    /// Writes have become visible.
    case bell
    /// Receives are there again; nothing else.
    case credit
    /// The sender leaves.
    case goodbye
  }

  package static let headerBytes = 8
  /// Bytes of a receive.
  package static let byteCount = 256
  package static let bodyBytesMaximum = byteCount - headerBytes

  package let kind: Kind
  package var returned: UInt32 = 0
  package var body: [UInt8] = []

  package init(_ kind: Kind, body: [UInt8] = []) {
    precondition(body.count <= Self.bodyBytesMaximum, "a message fits into a receive")
    self.kind = kind
    self.body = body
  }

  /// Nil where the bytes are no message.
  package init?(decoding bytes: [UInt8]) {
    guard bytes.count >= Self.headerBytes, bytes.count <= Self.byteCount,
      let kind = Kind(rawValue: bytes[0]), bytes[1] == 0, bytes[2] == 0, bytes[3] == 0
    else { return nil }
    self.kind = kind
    returned = UInt32(bytes.number(at: 4, bytes: 4))
    body = Array(bytes[Self.headerBytes...])
  }

  package var encoded: [UInt8] {
    var bytes: [UInt8] = [kind.rawValue, 0, 0, 0]
    bytes.append(number: UInt64(returned), bytes: 4)
    return bytes + body
  }
}

/// Where a member's copies are, and the key to write there.
package struct RemoteMemory: Sendable, Hashable {
  package static let byteCount = 20

  package let base: UInt64
  package let size: UInt64
  package let key: UInt32

  package init(base: UInt64, size: UInt64, key: UInt32) {
    self.base = base
    self.size = size
    self.key = key
  }

  package init?(decoding bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    base = bytes.number(at: 0, bytes: 8)
    size = bytes.number(at: 8, bytes: 8)
    key = UInt32(bytes.number(at: 16, bytes: 4))
  }

  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(number: base, bytes: 8)
    bytes.append(number: size, bytes: 8)
    bytes.append(number: UInt64(key), bytes: 4)
    return bytes
  }
}
