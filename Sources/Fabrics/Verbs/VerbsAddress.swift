// SPDX-License-Identifier: Apache-2.0
import Glibc
import Vocabulary

/// Where a member listens or connects, as the connection manager wants it.
struct VerbsAddress: Sendable, Hashable {
  let text: String
  /// A `sockaddr` of its family.
  let bytes: [UInt8]

  /// The address of a rank. Without a key, nothing outside of this host is talked to.
  init(_ formation: Formation, _ rank: Rank) throws(FabricError) {
    let text = formation.addresses[rank.index]
    let address = try Self.resolve(text, of: "\(rank)")
    guard formation.key != nil || address.isLoopback else {
      throw FabricError(
        .configuration,
        "\(text), the address of \(rank), can be reached from other hosts, and there is no "
          + "cluster key", advice: "give all members one key file")
    }
    self.init(text, address)
  }

  /// Resolves `host:port` of this member, whatever it is used for.
  init(own text: String) throws(FabricError) {
    self.init(text, try Self.resolve(text, of: "this member"))
  }

  /// Of several addresses the first one counts.
  private static func resolve(
    _ text: String, of whom: String
  ) throws(FabricError) -> SocketAddress {
    guard let address = try SocketAddress.resolve(text, of: whom).first else {
      throw FabricError(.address, "\(text), the address of \(whom), stands for no host")
    }
    return address
  }

  private init(_ text: String, _ address: SocketAddress) {
    self.text = text
    bytes = unsafe address.with { base, size in
      unsafe Array(UnsafeRawBufferPointer(start: base, count: Int(size)))
    }
  }

  private init(text: String, bytes: [UInt8]) {
    self.text = text
    self.bytes = bytes
  }

  func with<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    unsafe bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { preconditionFailure("an address has bytes") }
      return unsafe body(base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }

  /// The same host, at a port that the system chooses.
  var anyPort: VerbsAddress {
    var copy = bytes
    // The port stands at the same place in both families.
    copy[2] = 0
    copy[3] = 0
    return VerbsAddress(text: text, bytes: copy)
  }
}
