// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc
import Memory

/// A TCP socket that never blocks, closed with its last owner.
package final class Socket {
  package private(set) var descriptor: Int32

  package init(owning descriptor: Int32) { self.descriptor = descriptor }

  /// A new socket of the address's family; nil and `errno` where there is none.
  package convenience init?(for address: SocketAddress) {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.family, kind, 0)
    guard descriptor >= 0 else { return nil }
    self.init(owning: descriptor)
  }

  deinit { close() }

  /// Gives the descriptor away: who takes it closes it.
  package func release() -> Int32 {
    defer { descriptor = -1 }
    return descriptor
  }

  package func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
  }

  /// Tells the peer that nothing more comes, and takes in what it has sent, so that closing does
  /// not destroy what is still on its way there.
  package func finish() {
    guard descriptor >= 0 else { return }
    shutdown(descriptor, Int32(SHUT_WR))
    var scrap = [UInt8](repeating: 0, count: 16 << 10)
    for _ in 0..<64 where receive(into: &scrap, 16 << 10) <= 0 { break }
    close()
  }

  @discardableResult
  package func set(_ level: Int32, _ option: Int32, _ value: Int32) -> Bool {
    var value = value
    let size = socklen_t(MemoryLayout<Int32>.size)
    return unsafe setsockopt(descriptor, level, option, &value, size) == 0
  }

  /// What became of a connection attempt: 0, or an `errno`.
  package var pendingError: Int32 {
    var value: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &size)
    return result == 0 ? value : errno
  }

  /// Sends without waiting: how many bytes went, or -1 and `errno`.
  package func send(_ bytes: ArraySlice<UInt8>) -> Int {
    unsafe bytes.withUnsafeBytes { raw in
      uninterrupted {
        unsafe Glibc.send(descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
      }
    }
  }

  /// Receives at most `limit` bytes without waiting: how many came, 0 at the end, -1 and `errno`.
  package func receive(into buffer: inout [UInt8], _ limit: Int) -> Int {
    unsafe buffer.withUnsafeMutableBytes { raw in
      uninterrupted { unsafe recv(descriptor, raw.baseAddress, min(limit, raw.count), 0) }
    }
  }

  /// The next connection, not blocking; nil and `errno` where there is none.
  package static func accept(from listener: Int32) -> Socket? {
    // In one call: a process that is started meanwhile must not get a copy.
    let fresh = uninterrupted { Int(mapred_accept(listener)) }
    return fresh >= 0 ? Socket(owning: Int32(fresh)) : nil
  }

  /// The address at the other end, or at this one.
  package func address(ofPeer isPeer: Bool) -> SocketAddress? {
    unsafe SocketAddress { address, size in
      unsafe isPeer
        ? getpeername(descriptor, address, size) : getsockname(descriptor, address, size)
    }
  }
}
