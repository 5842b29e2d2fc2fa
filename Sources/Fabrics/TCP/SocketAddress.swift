// SPDX-License-Identifier: Apache-2.0
package import Glibc

/// Where a socket is bound or connected to: the system's bytes, and their text.
package struct SocketAddress: Hashable, Sendable {
  private let bytes: [UInt8]

  /// Asks a call that fills an address in.
  package init?(_ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe ask($0, &size)
      }
    }
    guard result == 0 else { return nil }
    bytes = unsafe withUnsafeBytes(of: storage) { unsafe Array($0.prefix(Int(size))) }
  }

  private init(_ address: UnsafePointer<sockaddr>, _ size: socklen_t) {
    bytes = unsafe Array(UnsafeRawBufferPointer(start: address, count: Int(size)))
  }

  package func with<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var storage = sockaddr_storage()
    unsafe withUnsafeMutableBytes(of: &storage) { unsafe $0.copyBytes(from: bytes) }
    return unsafe withUnsafePointer(to: storage) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(bytes.count))
      }
    }
  }

  package var family: Int32 {
    unsafe with { address, _ in unsafe Int32(address.pointee.sa_family) }
  }

  /// The port, which stands at the same place in both families.
  var port: Int { bytes.count < 4 ? 0 : Int(bytes[2]) << 8 | Int(bytes[3]) }

  /// Whether only this host can reach it.
  package var isLoopback: Bool {
    switch family {
    case AF_INET: return bytes.count > 4 && bytes[4] == 127
    case AF_INET6:
      guard bytes.count >= 24 else { return false }
      let host = bytes[8..<24]
      let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127]
      return host.starts(with: mapped) || (host.dropLast().allSatisfy { $0 == 0 } && host.last == 1)
    default: return false
    }
  }

  /// `127.0.0.1:7000`, `[::1]:7000`.
  package var text: String {
    var host = [CChar](repeating: 0, count: 64)
    var port = [CChar](repeating: 0, count: 8)
    let result = unsafe with { address, size in
      unsafe getnameinfo(
        address, size, &host, 64, &port, 8, Int32(NI_NUMERICHOST | NI_NUMERICSERV))
    }
    guard result == 0 else { return "an unknown address" }
    let name = text(host)
    return (family == AF_INET6 ? "[\(name)]" : name) + ":" + text(port)
  }

  private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The addresses that `host:port` stands for, by number or by name. Port 0, for one that the
  /// system chooses, where that makes sense.
  ///
  /// A name may take the system some seconds; with `isNumber`, only numbers are taken, and names
  /// stand for nothing.
  package static func resolve(
    _ text: String, of whom: String, isNumber: Bool = false, allowsAnyPort: Bool = false
  ) throws(FabricError) -> [SocketAddress] {
    let (host, port) = try split(text, of: whom, allowsAnyPort)
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    unsafe hints.ai_flags = AI_NUMERICSERV | (isNumber ? AI_NUMERICHOST : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let result = unsafe getaddrinfo(host, port, &hints, &list)
    if isNumber, result == EAI_NONAME { return [] }
    guard result == 0 else {
      let reason =
        unsafe result == EAI_SYSTEM ? errorText(errno) : String(cString: gai_strerror(result))
      throw FabricError(
        .address, "cannot resolve \(text), the address of \(whom): \(reason)",
        advice: "use a number, or a name that this host knows: getent hosts \(host)")
    }
    defer { unsafe freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = unsafe list
    while let entry = unsafe next {
      if let address = unsafe entry.pointee.ai_addr {
        let one = unsafe SocketAddress(address, entry.pointee.ai_addrlen)
        if !found.contains(one) { found.append(one) }
      }
      unsafe next = entry.pointee.ai_next
    }
    return found
  }

  private static func split(
    _ text: String, of whom: String, _ allowsAnyPort: Bool
  ) throws(FabricError) -> (host: String, port: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(text[text.index(after: colon)...]), port > 0 || allowsAnyPort
    else {
      throw FabricError(
        .configuration, "\(text), the address of \(whom), is not of the form host:port",
        advice: "write it as 10.0.0.1:7000, name:7000 or [::1]:7000")
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else {
      throw FabricError(
        .configuration, "\(text), the address of \(whom), names no host",
        advice: "write it as 10.0.0.1:7000, name:7000 or [::1]:7000")
    }
    return (String(host), String(port))
  }
}
