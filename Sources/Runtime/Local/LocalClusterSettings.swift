// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc
import Vocabulary

/// What a cluster of this host is made of. What is left out follows from the number of nodes and
/// from the host.
package struct LocalClusterSettings: Sendable {
  package var nodes: Int
  package var replicas: Int?
  package var shards: Int?
  /// Of each node.
  package var slots: Int?
  /// Of each node.
  package var memoryBytes: Int?
  /// The directory for what does not fit into it.
  package var scratch: String?
  package var transport = Transport.auto
  /// Further settings of the nodes, `key=value`; they override the others.
  package var more: [String] = []
  /// Where the nodes' sockets and logs are. Made by the cluster, and removed with it.
  package var directory: String
  /// What the nodes run.
  package var executable = Self.ownExecutable

  package init(nodes: Int, directory: String) {
    self.nodes = nodes
    self.directory = directory
  }

  package static let nodesMaximum = Limits.members / 2

  /// This process's own, by its path where it is still there, so that lists of processes name it.
  package static var ownExecutable: String {
    let link = "/proc/self/exe"
    var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe target.withUnsafeMutableBytes { room in
      unsafe room.baseAddress.map { unsafe readlink(link, $0, room.count) } ?? -1
    }
    guard count > 0, count < target.count else { return link }
    let path = String(decoding: target.prefix(count), as: UTF8.self)
    return unsafe access(path, X_OK) == 0 ? path : link
  }

  package func socket(_ name: String) -> String { "\(directory)/\(name).sock" }
  package func log(_ name: String) -> String { "\(directory)/\(name).log" }
  package var names: [String] { (1...nodes).map { "n\($0)" } }

  /// What is set, as `key=value`. All nodes have the same.
  package var set: [String] {
    let host = SettingsSources.Host.current
    let memory = HostMemory.standard(of: host.memoryBytes) / nodes
    let scratch = scratch ?? SettingsSources.scratchDirectory(SettingsSources.processEnvironment)
    var pairs: [(SettingKey, String)] = [
      (SettingTable.nodeListen, "127.0.0.1:0"),
      (SettingTable.nodeTransport, transport.rawValue),
      (SettingTable.shards, "\(shards ?? min(nodes, Limits.shards))"),
      (SettingTable.replicas, "\(replicas ?? min(2, nodes))"),
      (SettingTable.executorSlots, "\(slots ?? max(1, host.processors / nodes))"),
      (SettingTable.memoryLimit, "\(max((memoryBytes ?? memory) >> 20, 16))MiB"),
      (SettingTable.memoryScratch, scratch),
      // A node of this host that dies is noticed at once, and one that is only silent has to wait
      // for a processor.
      (SettingTable.suspectAfter, "10s"),
    ]
    // Whoever can submit a job here could start it as well: it may do what this user may.
    if geteuid() == 0 { pairs.append((SettingTable.executorUser, "root")) }
    if let codeDirectory { pairs.append((SettingTable.executorDirectory, codeDirectory)) }
    return pairs.map { "\($0.name)=\($1)" } + more
  }

  /// Where nodes keep executables: here, so that nothing stays behind of nodes that are killed. Nil
  /// where nothing can be run from here, or not by whom executors run as.
  private var codeDirectory: String? {
    let user = SettingTable.executorUser.name
    if geteuid() == 0, more.contains(where: { $0.hasPrefix("\(user)=") }) { return nil }
    var system = statvfs()
    guard unsafe statvfs(directory, &system) == 0,
      system.f_flag & Self.noPrograms == 0
    else { return nil }
    return directory
  }

  /// The flag of file systems from which no program can be run (`ST_NOEXEC`).
  private static let noPrograms: UInt = 8

  /// Everything that is wrong with what is set.
  package func check() throws(SettingsError) {
    let flags = set.map { pair in
      let key = String(pair.prefix { $0 != "=" })
      return SettingsSources.Flag(
        key: key, value: String(pair.dropFirst(key.count + 1)), name: "--set \(key)")
    }
    _ = try Settings.read(.only(flags))
  }

  /// The command line of a node.
  func arguments(_ name: String, joining seed: String?) -> [String] {
    let own = ["node", "--name", name, "--socket", socket(name), "--of-starter"]
    return own + (seed.map { ["--join", $0] } ?? []) + set.flatMap { ["--set", $0] }
  }
}

extension SettingsSources {
  /// What a command line says, and nothing else.
  package static func only(_ flags: [Flag]) -> SettingsSources {
    SettingsSources(flags: flags, environment: [:], files: [], host: .current)
  }
}
