// SPDX-License-Identifier: Apache-2.0
import Fabrics

/// How settings have to fit each other and the host.
struct SettingsRules {
  private let entries: [Settings.Entry]
  /// Settings that are wrong already: nothing more is said about them.
  private let broken: Set<String>
  private(set) var problems: [SettingsProblem] = []
  private(set) var clusterKey: ClusterKey?

  /// A heartbeat can be late, and one can be missed.
  private static let heartbeatsUntilSuspicion: UInt64 = 3

  init(entries: [Settings.Entry], broken: Set<String>) {
    self.entries = entries
    self.broken = broken
  }

  mutating func check() {
    checkPresence()
    checkSuspicion()
    checkAdvertised()
    checkKey()
  }

  /// The entry, if its setting is right and has a value.
  private func entry(_ key: SettingKey) -> (value: SettingValue, origin: SettingOrigin)? {
    guard !broken.contains(key.name),
      let entry = entries.first(where: { $0.key.name == key.name }), let value = entry.value
    else { return nil }
    return (value, entry.origin)
  }

  private mutating func add(
    _ key: SettingKey, at origin: SettingOrigin, _ message: String, advice: String
  ) {
    problems.append(
      SettingsProblem(
        key.name, at: origin.description, "\(key.name) \(message)", advice: advice))
  }

  /// A host that does not tell its name or identity leaves a setting without a value.
  private mutating func checkPresence() {
    for key in [SettingTable.nodeName, SettingTable.nodeHost]
    where !broken.contains(key.name) && entry(key) == nil {
      add(key, at: .standard, "has no value: the host does not tell its own", advice: "set it")
    }
  }

  private mutating func checkSuspicion() {
    guard let heartbeat = entry(SettingTable.heartbeat),
      let suspect = entry(SettingTable.suspectAfter),
      case .nanoseconds(let beat) = heartbeat.value,
      case .nanoseconds(let silence) = suspect.value
    else { return }
    let least = Self.heartbeatsUntilSuspicion * beat
    guard silence < least else { return }
    // The one that somebody has chosen is the one to change.
    let place = suspect.origin == .standard ? heartbeat.origin : suspect.origin
    add(
      SettingTable.suspectAfter, at: place,
      "is \(suspect.value), less than \(Self.heartbeatsUntilSuspicion) times "
        + "\(SettingTable.heartbeat.name), which is \(heartbeat.value) (\(heartbeat.origin))",
      advice: "make it \(Units.text(nanoseconds: least)) or more, or heartbeats more frequent")
  }

  private mutating func checkAdvertised() {
    guard let listen = entry(SettingTable.nodeListen), case .address(let address) = listen.value,
      address.isWildcard, !broken.contains(SettingTable.nodeAdvertise.name),
      entry(SettingTable.nodeAdvertise) == nil
    else { return }
    add(
      SettingTable.nodeListen, at: listen.origin,
      "is \(address), all addresses of this host: others cannot know which to dial",
      advice: "set \(SettingTable.nodeAdvertise.name) to the address that others reach")
  }

  /// Whoever reaches a port could join, were it not for the key.
  private mutating func checkKey() {
    if let file = entry(SettingTable.clusterKeyFile), case .text(let path) = file.value {
      do throws(Complaint) {
        clusterKey = try ClusterKeyFile.read(path)
      } catch {
        add(SettingTable.clusterKeyFile, at: file.origin, error.message, advice: error.advice)
      }
      return
    }
    guard !broken.contains(SettingTable.clusterKeyFile.name) else { return }
    let keys = [
      SettingTable.nodeListen, SettingTable.nodeDataListen, SettingTable.nodeAdvertise,
      SettingTable.nodeJoin, SettingTable.nodeHTTP,
    ]
    for key in keys {
      guard let entry = entry(key),
        let open = Self.addresses(entry.value).first(where: {
          !$0.isLoopback
        })
      else { continue }
      // A default that follows from another setting is told with that one.
      if entry.origin == .standard { continue }
      add(
        key, at: entry.origin,
        "is \(open), which other hosts reach, and the cluster has no key: anybody could "
          + (key == SettingTable.nodeHTTP ? "submit jobs" : "join"),
        advice: "set \(SettingTable.clusterKeyFile.name) to a file that all nodes have, made by "
          + "(umask 077; head -c 32 /dev/urandom > FILE), or use 127.0.0.1")
    }
  }

  private static func addresses(_ value: SettingValue) -> [HostPort] {
    switch value {
    case .address(let address): [address]
    case .addresses(let list): list
    default: []
    }
  }
}
