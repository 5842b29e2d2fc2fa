// SPDX-License-Identifier: Apache-2.0
package import Fabrics

/// The settings of a node as its parts use them. All of them are right by themselves and fit each
/// other: there is no other way to make one than from settings that were checked.
package struct NodeSettings: Sendable {
  package let clusterName: String
  /// The secret of the cluster; nil only where no address is known beyond this host.
  package let clusterKey: ClusterKey?

  package let name: String
  /// Where to listen for other nodes; port 0 is any free one.
  package let listen: HostPort
  package let dataListen: HostPort
  /// What others dial; port 0 is the one that `listen` got. Nil: what `listen` is bound to.
  package let advertise: HostPort?
  /// Nodes to join through; none founds a new cluster.
  package let join: [HostPort]
  package let socketPath: String
  /// Where to listen for HTTP; nil: nowhere.
  package let http: HostPort?
  package let host: String
  package let transport: Transport

  package let heartbeatNanoseconds: UInt64
  package let suspectAfterNanoseconds: UInt64
  package let joinTimeoutNanoseconds: UInt64

  package let coordinators: Int
  package let shards: Int
  package let replicas: Int

  package let queueMaximum: Int
  package let requestBytesMaximum: Int

  package let memoryBytes: Int
  package let scratchDirectory: String
  package let slots: Int
  package let executorMemoryBytes: Int?
  package let executorUser: String
  package let executorDeadlineNanoseconds: UInt64
  package let executorDirectory: String
  package let executorKeepBytes: Int
  package let keepVersions: Int
  package let keepBytes: Int?

  /// Traps where the table has another type for a setting than this structure.
  package init(_ settings: Settings) {
    clusterKey = settings.clusterKey
    clusterName = settings.text(SettingTable.clusterName)
    name = settings.text(SettingTable.nodeName)
    listen = settings.address(SettingTable.nodeListen)
    dataListen = settings.address(SettingTable.nodeDataListen)
    advertise =
      settings[SettingTable.nodeAdvertise] == nil
      ? nil : settings.address(SettingTable.nodeAdvertise)
    guard case .addresses(let join)? = settings[SettingTable.nodeJoin] else {
      settings.missing(SettingTable.nodeJoin)
    }
    self.join = join
    socketPath = settings.text(SettingTable.nodeSocket)
    http =
      settings[SettingTable.nodeHTTP] == nil ? nil : settings.address(SettingTable.nodeHTTP)
    host = settings.text(SettingTable.nodeHost)
    guard let transport = Transport(rawValue: settings.text(SettingTable.nodeTransport)) else {
      settings.missing(SettingTable.nodeTransport)
    }
    self.transport = transport
    heartbeatNanoseconds = settings.nanoseconds(SettingTable.heartbeat)
    suspectAfterNanoseconds = settings.nanoseconds(SettingTable.suspectAfter)
    joinTimeoutNanoseconds = settings.nanoseconds(SettingTable.joinTimeout)
    coordinators = settings.number(SettingTable.coordinators)
    shards = settings.number(SettingTable.shards)
    replicas = settings.number(SettingTable.replicas)
    queueMaximum = settings.number(SettingTable.queue)
    requestBytesMaximum = settings.number(SettingTable.requestBytes)
    memoryBytes = settings.number(SettingTable.memoryLimit)
    scratchDirectory = settings.text(SettingTable.memoryScratch)
    slots = settings.number(SettingTable.executorSlots)
    executorMemoryBytes =
      settings[SettingTable.executorMemory] == nil
      ? nil : settings.number(SettingTable.executorMemory)
    executorUser = settings.text(SettingTable.executorUser)
    executorDeadlineNanoseconds = settings.nanoseconds(SettingTable.executorDeadline)
    executorDirectory = settings.text(SettingTable.executorDirectory)
    executorKeepBytes = settings.number(SettingTable.executorKeepBytes)
    keepVersions = settings.number(SettingTable.keepVersions)
    keepBytes =
      settings[SettingTable.keepBytes] == nil ? nil : settings.number(SettingTable.keepBytes)
  }
}

extension Settings {
  fileprivate func missing(_ key: SettingKey) -> Never {
    preconditionFailure("\(key.name) has no value of its type: \(String(describing: self[key]))")
  }

  fileprivate func text(_ key: SettingKey) -> String {
    guard case .text(let text)? = self[key] else { missing(key) }
    return text
  }

  fileprivate func address(_ key: SettingKey) -> HostPort {
    guard case .address(let address)? = self[key] else { missing(key) }
    return address
  }

  fileprivate func nanoseconds(_ key: SettingKey) -> UInt64 {
    guard case .nanoseconds(let value)? = self[key] else { missing(key) }
    return value
  }

  fileprivate func number(_ key: SettingKey) -> Int {
    switch self[key] {
    case .count(let value)?, .bytes(let value)?: return value
    default: missing(key)
    }
  }
}
