// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

extension Transport {
  /// Those that are measured.
  static let measured: [Transport] = [.shm, .tcp, .verbs]

  /// Whether members see each other's memory in place.
  var sharesMemory: Bool { self == .shm }

  /// Addresses for a group of processes on this machine.
  func addresses(_ members: Int, in scratch: ScratchDirectory) throws -> [String] {
    switch self {
    case .shm:
      // Another group's sockets may still be there.
      { group in (0..<members).map { scratch.file("\(group)-\($0)") } }(nanoseconds())
    case .tcp, .mixed, .auto: try Self.freePorts(members).map { "127.0.0.1:\($0)" }
    case .verbs: try Self.freePorts(members).map { "\(Self.verbsHost):\($0)" }
    }
  }

  /// Whatever address the system's first RDMA device stands behind: it has to be told.
  private static var verbsHost: String {
    let host = ChildProcess.variable("MAPRED_VERBS_HOST")
    return host.isEmpty ? "127.0.0.1" : host
  }

  /// Ports that nobody listens on at the moment.
  private static func freePorts(_ count: Int) throws -> [UInt16] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    return try (0..<count).map { _ in
      let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard listener >= 0 else { throw BenchmarkError.system("socket") }
      sockets.append(listener)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          let bound = unsafe bind(listener, generic, length)
          return unsafe bound == 0 ? getsockname(listener, generic, &length) : bound
        }
      }
      guard status == 0 else { throw BenchmarkError.system("bind") }
      return UInt16(bigEndian: address.sin_port)
    }
  }
}
