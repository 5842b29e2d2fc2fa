// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Fabrics
import Foundation
import Synchronization

/// A directory for the sockets of one test, removed with it.
final class SocketDirectory: Sendable {
  let path: String
  private let round = Atomic<Int>(0)

  init() throws {
    path = "/tmp/mapred-fabric-\(UUID().uuidString.prefix(13))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Addresses that were not used before.
  func addresses(_ members: Int) -> [String] {
    let number = round.wrappingAdd(1, ordering: .relaxed).newValue
    return (0..<members).map { "\(path)/\(number).\($0)" }
  }
}

/// Shared memory with members on threads.
func sharedMemoryKind(_ directory: SocketDirectory) -> ThreadedKind {
  ThreadedKind("shm", addresses: { directory.addresses($0) }) { rank, plan, addresses in
    try SharedMemoryFabric.open(Formation(rank: rank, plan: plan, addresses: addresses))
  }
}
