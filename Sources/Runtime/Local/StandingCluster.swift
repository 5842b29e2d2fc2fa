// SPDX-License-Identifier: Apache-2.0
package import Fabrics
import Glibc

/// The cluster of this user that `up` started on this host: there is at most one.
package struct StandingCluster: Sendable {
  /// Where it has its sockets, logs and record.
  package let directory: String
  private let base: String

  /// `base` is the directory of this user's sockets.
  package init(base: String = PrivateDirectory.ofSockets) {
    self.base = base
    directory = "\(base)/up"
  }

  private var recordPath: String { "\(directory)/processes" }

  /// Of all nodes that are there, or were until they ended without a word.
  package var sockets: [String] {
    (PrivateDirectory.names(in: directory) ?? []).filter { $0.hasSuffix(".sock") }
      .map { "\(directory)/\($0)" }
  }

  /// What is known of it, whether it runs or not; nil where there is none.
  package var record: ClusterRecord? {
    guard case .bytes(let bytes) = FileBytes.read(recordPath, most: 1 << 16) else { return nil }
    return ClusterRecord(String(decoding: bytes, as: UTF8.self))
  }

  /// Names of its nodes that run no more.
  package var endedNodes: [String] {
    guard let record else { return [] }
    return record.nodes.filter { ProcessMark(running: $0.mark.number) != $0.mark }.map(\.name)
  }

  /// Those of its nodes that run, and whom they belong to.
  private func running(_ record: ClusterRecord) -> (starter: HostProcess?, nodes: [HostProcess]) {
    guard record.bootID == SettingsSources.Host.current.bootID else { return (nil, []) }
    return (
      record.starter.flatMap { HostProcess($0) }, record.nodes.compactMap { HostProcess($0.mark) }
    )
  }

  /// Makes its place for this process, which will start it. Throws where there is one already.
  package func claim() throws(FabricError) {
    try PrivateDirectory.make(base)
    try PrivateDirectory.locked(base) { () throws(FabricError) in
      if let record {
        let (starter, nodes) = running(record)
        guard starter == nil, nodes.isEmpty else { throw stands(record, starter) }
      }
      PrivateDirectory.remove(directory)
      try PrivateDirectory.make(directory)
      try keep(
        ClusterRecord(bootID: SettingsSources.Host.current.bootID, starter: ProcessMark.own))
    }
  }

  private func stands(_ record: ClusterRecord, _ starter: HostProcess?) -> FabricError {
    let names = record.nodes.map { "\($0.name) (process \($0.mark.number))" }
    let who = names.isEmpty ? "its nodes are being started" : names.joined(separator: ", ")
    let owner = starter.map { ", of process \($0.mark.number)" } ?? ""
    return FabricError(
      .address, "a cluster runs already in \(directory)\(owner): \(who)",
      advice: "use that one, or end it with `down`")
  }

  /// Writes down which processes it has.
  package func keep(_ record: ClusterRecord) throws(FabricError) {
    let next = recordPath + ".next"
    _ = unsafe unlink(next)
    if let failure = FileBytes.create(next, record.text) {
      throw FabricError(.system, "cannot write \(next): \(failure)")
    }
    guard unsafe rename(next, recordPath) == 0 else {
      throw .system("cannot write \(recordPath)", errno)
    }
  }

  /// What came of ending it.
  package enum Ending: Sendable, Equatable {
    case ended(nodes: Int)
    /// There was none, or none of its processes ran any more.
    case absent(hadRemains: Bool)
  }

  /// Ends all of its processes, and removes what they have left.
  package func end(milliseconds: Int = LocalCluster.leaveMilliseconds) -> Ending {
    guard let record else { return .absent(hadRemains: false) }
    let (starter, nodes) = running(record)
    guard starter != nil || !nodes.isEmpty else {
      PrivateDirectory.remove(directory)
      return .absent(hadRemains: true)
    }
    // Whom the nodes belong to ends them, and must not say that they went away.
    let first = starter.map { [$0] } ?? nodes
    HostProcess.end(first, milliseconds: starter == nil ? milliseconds : 10 * milliseconds)
    HostProcess.end(nodes, milliseconds: milliseconds)
    PrivateDirectory.remove(directory)
    return .ended(nodes: record.nodes.count)
  }
}
