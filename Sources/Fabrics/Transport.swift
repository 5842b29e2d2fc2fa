// SPDX-License-Identifier: Apache-2.0
package import Environment
import Vocabulary

/// How the members of a group meet. All members of one use the same; over `auto` and `mixed`, and
/// where they have places on several hosts, it is chosen for each pair.
package enum Transport: String, Sendable, Hashable, CaseIterable {
  case shm
  case tcp
  case verbs
  /// Shared memory between members of one host, TCP between hosts.
  case mixed
  /// One of the others, by the addresses and by what the host has.
  case auto

  /// What is known of the RDMA device that has a member's address.
  package enum Device: Sendable, Hashable {
    case owns(name: String)
    case absent(reason: String)
  }

  /// A transport that is not `auto`, and why it is that one.
  package struct Choice: Sendable, Hashable, CustomStringConvertible {
    package let transport: Transport
    package let reason: String

    /// One line for people: `transport tcp: this host has no RDMA device`.
    package var description: String { "transport \(transport.rawValue): \(reason)" }
  }

  /// Forms the group over this transport.
  package func open(
    _ formation: Formation
  ) throws(FabricError) -> (fabric: any Fabric, choice: Choice) {
    let choice = try choice(for: formation) { VerbsProbe.device(formation.address) }
    do throws(FabricError) {
      switch choice.transport {
      case .shm: return (try SharedMemoryFabric.open(formation.forSharedMemory), choice)
      case .mixed: return (try MixedFabric.open(formation), choice)
      case .verbs: return (try VerbsFabric.open(formation), choice)
      case .tcp, .auto: return (try TCPFabric.open(formation), choice)
      }
    } catch {
      throw self == .auto ? choice.explaining(error) : error
    }
  }

  /// The rule. `device` is asked where the answer matters.
  package func choice(
    for formation: Formation, device: () -> Device
  ) throws(FabricError) -> Choice {
    if !formation.places.isEmpty, let choice = try choice(onHosts: formation) { return choice }
    let paths = formation.addresses.filter(Self.isPath)
    guard paths.isEmpty || paths.count == formation.addresses.count else {
      throw FabricError(
        .configuration, "some addresses are paths (\(paths[0])), others are not",
        advice: "give all members paths on one host, or host:port")
    }
    let hasPaths = !paths.isEmpty
    switch self {
    case .shm where !hasPaths:
      throw FabricError(
        .configuration, "transport shm cannot use \(formation.address)",
        advice: "give the members paths of Unix sockets on this host, or use another transport")
    case .tcp where hasPaths, .verbs where hasPaths:
      throw FabricError(
        .configuration, "transport \(rawValue) cannot use \(formation.address)",
        advice: "give the members addresses of the form host:port, or use transport shm")
    case .mixed:
      throw FabricError(
        .configuration, "transport mixed has to know on which host each member is",
        advice: "name hosts, paths and ports of the members, or use another transport")
    case .shm, .tcp, .verbs: return Choice(transport: self, reason: "as asked for")
    case .auto: break
    }
    if hasPaths { return Choice(transport: .shm, reason: "all members are on this host") }
    if formation.addresses.allSatisfy(Self.isLoopback) {
      return Choice(
        transport: .tcp,
        reason: "all addresses are ports of this host; paths of sockets would give shared memory")
    }
    switch device() {
    case .owns(let name):
      return Choice(transport: .verbs, reason: "the RDMA device \(name) has \(formation.address)")
    case .absent(let reason): return Choice(transport: .tcp, reason: reason)
    }
  }

  private static func isPath(_ address: String) -> Bool { address.contains("/") }

  private static func isLoopback(_ address: String) -> Bool {
    ["127.", "localhost:", "[::1]:"].contains { address.hasPrefix($0) }
  }
}

extension Transport.Choice {
  /// An error of a group that did not form may come from members that chose differently.
  fileprivate func explaining(_ error: FabricError) -> FabricError {
    guard error.code == .timeout || error.code == .refused else { return error }
    let more = "all members have to use the same transport, and this one chose \(self)"
    return FabricError(
      error.code, error.message, advice: error.advice.map { "\($0); \(more)" } ?? more)
  }
}
