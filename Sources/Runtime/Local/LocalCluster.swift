// SPDX-License-Identifier: Apache-2.0
import CSystem
import Engine
package import Fabrics
import Glibc

/// A cluster whose nodes are child processes of this one, on this host.
///
/// However this process ends, its nodes end, too: they hold one end of a pipe whose other end it
/// has. `release` lets them live on.
package final class LocalCluster {
  package let settings: LocalClusterSettings
  package private(set) var nodes: [LocalNode] = []
  private let pipe: (reading: Descriptor, writing: Descriptor)

  /// How long a cluster may take until it serves.
  package static let startMilliseconds = 60_000
  /// How long nodes may take to leave. Not long: where all of them go, nobody is left to whom they
  /// could hand over what they hold, and nothing of it is to stay.
  package static let leaveMilliseconds = 1000
  private static let pauseMicroseconds: useconds_t = 5000

  /// Starts nodes and waits until all of them serve. Where that fails, nothing is left of them.
  package init(
    _ settings: LocalClusterSettings, milliseconds: Int = startMilliseconds,
    isCancelled: @escaping () -> Bool = { false }
  ) throws(FabricError) {
    self.settings = settings
    try Self.checkLength(settings.directory)
    pipe = try Self.makePipe()
    try PrivateDirectory.make(settings.directory)
    let deadline = monotonicNanoseconds() + UInt64(max(0, milliseconds)) * 1_000_000
    do throws(FabricError) {
      try start(Deadline(nanoseconds: deadline, isCancelled: isCancelled))
    } catch {
      end()
      throw error
    }
  }

  private struct Deadline {
    let nanoseconds: UInt64
    let isCancelled: () -> Bool
  }

  private static func makePipe() throws(FabricError) -> (Descriptor, Descriptor) {
    var ends: [Int32] = [-1, -1]
    let result = unsafe ends.withUnsafeMutableBufferPointer { ends in
      guard let base = ends.baseAddress else { return -1 as Int32 }
      return unsafe mapred_pipe(base)
    }
    guard result == 0 else { throw .system("cannot make a pipe", errno) }
    return (Descriptor(ends[0]), Descriptor(ends[1]))
  }

  /// Nodes meet at sockets in the directory, for each view with a name of its own.
  private static func checkLength(_ directory: String) throws(FabricError) {
    let nameBytes = 48
    guard directory.utf8.count + nameBytes > LocalSocket.pathBytesMaximum else { return }
    throw FabricError(
      .address, "\(directory) is too long a path for sockets",
      advice: "set XDG_RUNTIME_DIR to a shorter one")
  }

  package var sockets: [String] { nodes.map(\.socket) }

  /// The first node founds the cluster, and the others join it at the same time.
  private func start(_ deadline: Deadline) throws(FabricError) {
    let names = settings.names
    nodes.append(try node(names[0], joining: nil))
    let founder = nodes[0]
    var seed: String?
    try wait(deadline) {
      seed = founder.status?.peers.first { $0.name == founder.name }?.address
      return seed == nil ? "\(founder.name) founds the cluster" : nil
    }
    for name in names.dropFirst() { nodes.append(try node(name, joining: seed)) }
    try wait(deadline) { obstacle }
  }

  private func node(_ name: String, joining seed: String?) throws(FabricError) -> LocalNode {
    try LocalNode(name, settings, input: pipe.reading, joining: seed)
  }

  /// What keeps the cluster from serving; nil where nothing does.
  package var obstacle: String? {
    for node in nodes {
      guard let status = node.status else { return "\(node.name) does not answer yet" }
      if let waits = status.waits { return "\(node.name): \(waits)" }
      let count = status.peers.count
      guard count == nodes.count else {
        return "\(node.name) sees \(count) of \(nodes.count) nodes"
      }
      if let lacks = status.inadequacy { return "\(node.name): \(lacks)" }
    }
    return nil
  }

  /// Waits until nothing is in the way.
  private func wait(_ deadline: Deadline, _ obstacle: () -> String?) throws(FabricError) {
    while let reason = obstacle() {
      if let node = nodes.first(where: { $0.process.hasEnded }) { throw Self.ended(node) }
      if deadline.isCancelled() {
        throw FabricError(.cancelled, "interrupted while the nodes were being started")
      }
      guard monotonicNanoseconds() < deadline.nanoseconds else {
        throw FabricError(
          .timeout, "the nodes did not serve in time: \(reason)",
          advice: "is the host very busy? Fewer nodes need less of it")
      }
      usleep(Self.pauseMicroseconds)
    }
  }

  private static func ended(_ node: LocalNode) -> FabricError {
    let how = node.process.reap() ?? "no exit code"
    let words = node.lastWords.map { "\n    \($0)" }.joined()
    return FabricError(.lost, "\(node.name) ended before it served (\(how)):\(words)")
  }

  /// Lets the nodes live on when this process ends.
  package func release() {
    let bytes = [UInt8](repeating: 1, count: nodes.count)
    _ = unsafe write(pipe.writing.number, bytes, bytes.count)
  }

  /// Lets the nodes leave, ends those that do not, and removes what they have left.
  package func end() {
    HostProcess.end(nodes.map(\.process), milliseconds: Self.leaveMilliseconds)
    for node in nodes { _ = node.process.reap() }
    PrivateDirectory.remove(settings.directory)
  }
}
