// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Fabrics
import Glibc
import Membership
import Vocabulary

/// What a node's parts make of its settings.
extension NodeProcess {
  static func switching(_ settings: NodeSettings, _ id: NodeID) -> SwitchboardSettings {
    var switching = SwitchboardSettings(
      id: id, name: settings.name, cluster: settings.clusterName,
      letterVersion: Letter.version, key: settings.clusterKey,
      listenAddress: settings.listen.description, socketPath: settings.socketPath)
    switching.advertisedAddress = settings.advertise.flatMap { $0.port == 0 ? nil : "\($0)" }
    switching.waitingRequests = 2 * settings.queueMaximum
    // The client's own words, and what stands before them.
    switching.requestBytesMaximum = settings.requestBytesMaximum + 256
    let text = "more requests wait at this node than it takes: send fewer at a time"
    switching.busyAnswer = { request in
      Array(request.prefix(ClientBook.numberBytes)) + Reply.busy(text).encoded
    }
    switching.crowdedAnswer = ClientBook.frame(
      0, Reply.busy("too many clients are connected to this node").encoded)
    return switching
  }

  /// The server for HTTP, where the settings want one.
  static func http(
    _ settings: NodeSettings, _ gateway: Gateway, _ arena: Arena?
  ) throws(FabricError) -> HTTPServer? {
    guard let place = settings.http else { return nil }
    var memory: (@Sendable () -> (taken: Int, all: Int))?
    if let arena { memory = { (arena.takenBytes, arena.byteCount) } }
    let service = HTTPService(
      gateway, HTTPLimits(), token: settings.clusterKey.map { AccessToken($0) }, memory: memory)
    return try HTTPServer(place, hasKey: settings.clusterKey != nil, service)
  }

  /// Where others reach a node that listens at `bound`.
  static func reachable(_ bound: String, _ settings: NodeSettings) -> String {
    guard let advertise = settings.advertise else { return bound }
    guard advertise.port == 0, let found = HostPort(bound) else { return "\(advertise)" }
    return "\(HostPort(host: advertise.host, port: found.port))"
  }

  static func record(
    _ settings: NodeSettings, _ id: NodeID, _ address: String, _ listener: DataListener
  ) -> MemberRecord {
    let directory = settings.socketPath.lastIndex(of: "/").map {
      String(settings.socketPath[..<$0])
    }
    // The data of a node that listens everywhere is met where its letters are.
    var meeting = listener.address
    if let listening = HostPort(listener.address), listening.isWildcard,
      let letters = HostPort(address)
    {
      meeting = "\(HostPort(host: letters.host, port: listening.port))"
    }
    let endpoint = Endpoint(
      directory: directory ?? ".", address: meeting, verbsPort: verbsPort(settings, listener))
    // Who is told not to share memory has a host of its own.
    let shares = [.auto, .shm, .mixed].contains(settings.transport)
    return MemberRecord(
      id: id, name: settings.name, host: shares ? settings.host : "\(settings.host)/\(id)",
      address: address, endpoint: endpoint.text)
  }

  /// A port for verbs that is free now; nil where no device has the node's address.
  private static func verbsPort(_ settings: NodeSettings, _ listener: DataListener) -> UInt16? {
    guard settings.transport == .auto || settings.transport == .verbs,
      case .owns = VerbsProbe.device(listener.address), let place = HostPort(listener.address),
      let other = try? DataListener.open("\(HostPort(host: place.host, port: 0))")
    else { return nil }
    return UInt16(exactly: other.port)
  }

  static func membership(_ settings: NodeSettings) -> MembershipSettings {
    var membership = MembershipSettings()
    membership.heartbeat = settings.heartbeatNanoseconds
    membership.suspectAfter = settings.suspectAfterNanoseconds
    membership.joinTimeout = settings.joinTimeoutNanoseconds
    membership.rules = LayoutRules(
      coordinators: settings.coordinators, shards: settings.shards, replicas: settings.replicas)
    membership.seeds = settings.join.map(\.description)
    return membership
  }

  static func limits(_ settings: NodeSettings) -> NodeLimits {
    var limits = NodeLimits()
    limits.submissions = settings.queueMaximum
    limits.slots = settings.slots
    limits.retention = Retention(
      versions: settings.keepVersions, bytes: settings.keepBytes ?? .max)
    return limits
  }
}
