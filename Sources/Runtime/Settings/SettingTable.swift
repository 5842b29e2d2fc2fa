// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc
import Vocabulary

/// Every setting of a node, in the order in which people read them.
package enum SettingTable {
  package static let keys: [SettingKey] = [
    clusterName, clusterKeyFile,
    nodeName, nodeListen, nodeDataListen, nodeAdvertise, nodeJoin, nodeSocket, nodeHTTP,
    nodeHost, nodeTransport,
    heartbeat, suspectAfter, joinTimeout,
    coordinators, shards, replicas,
    queue, requestBytes,
    memoryLimit, memoryScratch,
    executorSlots, executorMemory, executorUser, executorDeadline, executorDirectory,
    executorKeepBytes,
    keepVersions, keepBytes,
  ]

  /// Sections with one line about each.
  package static let sections: [(name: String, help: String)] = [
    ("cluster", "What all nodes of a cluster have in common."),
    ("node", "This node: who it is and where it is."),
    ("membership", "When a node is taken for lost."),
    ("layout", "How work is spread over the nodes. All nodes of a cluster need the same."),
    ("service", "What a node takes from its clients."),
    ("memory", "What a node's jobs may use."),
    ("executor", "The processes in which the code of jobs runs."),
    ("results", "How long results are kept."),
  ]

  package static func key(named name: String) -> SettingKey? { keys.first { $0.name == name } }

  private static let second: UInt64 = 1_000_000_000

  package static let clusterName = SettingKey(
    "cluster.name", .name, .value("default"), flag: "cluster",
    "The cluster that this node belongs to; nodes of another one are turned away.")
  package static let clusterKeyFile = SettingKey(
    "cluster.key-file", .path(bytesMaximum: Int(PATH_MAX) - 1),
    .derived("none", example: "/etc/mapred/cluster.key"), flag: "key-file",
    "The secret of the cluster: a file that its user alone can read. "
      + "Needed where an address is not of this host.")

  package static let nodeName = SettingKey(
    "node.name", .name, .derived("the host's name", example: "n1"), flag: "name",
    "What this node is called.")
  package static let nodeListen = SettingKey(
    "node.listen", .address(isDialled: false), .value("127.0.0.1:7071"), flag: "listen",
    "Where this node listens for other nodes; port 0 is any free one.")
  package static let nodeDataListen = SettingKey(
    "node.data-listen", .address(isDialled: false),
    .derived("the host of node.listen, any free port", example: "127.0.0.1:0"),
    "Where this node listens for the data of other nodes.")
  package static let nodeAdvertise = SettingKey(
    "node.advertise", .address(isDialled: true),
    .derived("what node.listen is bound to", example: "10.0.0.1:7071"),
    "What other nodes dial; port 0 is the one that node.listen got. "
      + "Needed where node.listen is 0.0.0.0.")
  package static let nodeJoin = SettingKey(
    "node.join", .addresses, .value(""), flag: "join",
    "Nodes of the cluster to join; none founds a new cluster.")
  package static let nodeSocket = SettingKey(
    // The room for a path in an address, less the zero byte behind it.
    "node.socket", .path(bytesMaximum: MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1),
    .derived(
      "$XDG_RUNTIME_DIR/mapred/NAME.sock, or /tmp/mapred-UID/NAME.sock",
      example: "/run/mapred/n1.sock"),
    flag: "socket", "The socket for the commands of this host.")
  package static let nodeHTTP = SettingKey(
    "node.http", .address(isDialled: false), .derived("none", example: "127.0.0.1:7070"),
    flag: "http",
    "Where this node listens for HTTP; port 0 is any free one. "
      + "Other hosts reach it only where the cluster has a key.")
  package static let nodeHost = SettingKey(
    "node.host", .name,
    .derived("the system's boot id", example: "rack1-host7"),
    "What tells hosts apart: nodes with the same one may share memory.")
  package static let nodeTransport = SettingKey(
    "node.transport", .choice(Transport.allCases.map(\.rawValue)),
    .value(Transport.auto.rawValue), flag: "transport",
    "How data travels between nodes; auto chooses by what the hosts have.")

  package static let heartbeat = SettingKey(
    "membership.heartbeat", .duration(second / 1000...60 * second), .value("100ms"),
    "How often a node shows that it lives.")
  package static let suspectAfter = SettingKey(
    "membership.suspect-after", .duration(second / 1000...3600 * second), .value("2s"),
    "How long a node may be silent before it is taken for lost: 3 heartbeats or more.")
  package static let joinTimeout = SettingKey(
    "membership.join-timeout", .duration(second / 10...3600 * second), .value("30s"),
    "How long a node tries to join before it gives up.")

  package static let coordinators = SettingKey(
    "layout.coordinators", .count(1...Limits.members), .value("3"),
    "How many nodes keep the state of the jobs.")
  package static let shards = SettingKey(
    "layout.shards", .count(0...Limits.shards), .value("0"),
    "How many shards the results are spread over.")
  package static let replicas = SettingKey(
    "layout.replicas", .count(1...Limits.members), .value("2"),
    "How many nodes keep each shard.")

  package static let queue = SettingKey(
    "service.queue", .count(1...1_000_000), .value("4096"),
    "How many requests may wait; more are refused at once.")
  package static let requestBytes = SettingKey(
    "service.request-bytes", .bytes(1 << 10...2 << 20), .value("1MiB"),
    "The most bytes of one request.")

  package static let memoryLimit = SettingKey(
    "memory.limit", .bytes(16 << 20...1 << 50),
    .derived("60 % of what the process may have", example: "4GiB"),
    "What this node and its executors hold of jobs in memory: beyond that, it goes to scratch.")
  package static let memoryScratch = SettingKey(
    "memory.scratch", .path(bytesMaximum: Int(PATH_MAX) - 64),
    .derived("$TMPDIR, or else /var/tmp", example: "/var/tmp"),
    "The directory of the files, without a name, for what does not fit into memory.")
  package static let executorSlots = SettingKey(
    "executor.slots", .count(1...Limits.threads),
    .derived("the processors of this host", example: "4"),
    "How many tasks run at a time.")
  package static let executorMemory = SettingKey(
    "executor.memory", .bytes(16 << 20...1 << 50),
    .derived("no limit", example: "1GiB"),
    "Memory that one executor may have for itself.")
  package static let executorUser = SettingKey(
    "executor.user", .name, .value("nobody"),
    "Whom executors run as where the node runs as root.")
  package static let executorDeadline = SettingKey(
    "executor.deadline", .duration(second / 10...86_400 * second), .value("300s"),
    "How long a task may work on one chunk before it is taken for hung.")
  package static let executorDirectory = SettingKey(
    "executor.directory", .path(bytesMaximum: Int(PATH_MAX) - 128), .value("/tmp"),
    "Where executables are kept while the node lives.")
  package static let executorKeepBytes = SettingKey(
    "executor.keep-bytes", .bytes(1...1 << 60), .value("1GiB"),
    "Bytes of executables that are kept; those that jobs need, and the newest, always are.")

  package static let keepVersions = SettingKey(
    "results.keep-versions", .count(1...1_000_000), .value("10"),
    "How many versions of a result are kept; the newest always is.")
  package static let keepBytes = SettingKey(
    "results.keep-bytes", .bytes(1...1 << 60), .derived("no limit", example: "100GiB"),
    "Bytes of all versions of one result that are kept.")
}
