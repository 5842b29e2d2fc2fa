// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Fabrics
import Foundation
import Runtime
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// A switchboard and the thread of the test that polls it. Every wait is bounded.
final class SwitchboardNode {
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// How long a test waits for what has to happen.
  static let patience = 20.0

  let board: Switchboard
  let id: NodeID
  private let bell = DispatchSemaphore(value: 0)
  /// Everything that was taken.
  private(set) var events: [SwitchEvent] = []
  private static let lastID = Atomic<UInt64>(0)

  static func freshID() -> NodeID {
    NodeID(high: lastID.wrappingAdd(1, ordering: .relaxed).newValue << 32, low: 7)
  }

  static func key(_ text: String = "a key of sixteen bytes or more") throws -> ClusterKey {
    try ClusterKey(Array(text.utf8))
  }

  static func settings(
    _ id: NodeID = freshID(), at address: String = "127.0.0.1:0", cluster: String = "blue",
    key: ClusterKey? = nil, version: UInt32 = 1, path: String? = nil
  ) -> SwitchboardSettings {
    SwitchboardSettings(
      id: id, name: "node-\(id)", cluster: cluster, letterVersion: version, key: key,
      listenAddress: address, socketPath: path)
  }

  init(_ settings: SwitchboardSettings = settings()) throws {
    id = settings.id
    board = try Switchboard(settings) { [bell] in bell.signal() }
  }

  convenience init(
    _ settings: SwitchboardSettings = settings(),
    _ change: (inout SwitchboardSettings) -> Void
  ) throws {
    var settings = settings
    change(&settings)
    try self.init(settings)
  }

  deinit { board.close() }

  var correspondent: Correspondent { Correspondent(id: id, address: board.address) }

  func take() { board.take(into: &events) }

  /// Takes until `found` finds something in all that was taken.
  func wait<T>(
    _ what: String, seconds: Double = patience, for found: ([SwitchEvent]) -> T?
  ) throws -> T {
    let end = DispatchTime.now() + seconds
    while true {
      take()
      if let result = found(events) { return result }
      guard bell.wait(timeout: end) == .success else {
        take()
        if let result = found(events) { return result }
        throw Failure(description: "no \(what) within \(seconds) s in \(events.suffix(5))")
      }
    }
  }

  /// The first event of which `isIt` says so.
  @discardableResult
  func waitFor(_ what: String, _ isIt: (SwitchEvent) -> Bool) throws -> SwitchEvent {
    try wait(what) { $0.first(where: isIt) }
  }

  /// The first letters, of all nodes or of one.
  func letters(_ count: Int, from id: NodeID? = nil) throws -> [[UInt8]] {
    try wait("\(count) letters") { events in
      let found = events.compactMap { event -> [UInt8]? in
        guard case .letter(let letter) = event, id == nil || letter.from == id else { return nil }
        return letter.bytes
      }
      return found.count >= count ? Array(found.prefix(count)) : nil
    }
  }

  func refusal(_ words: String...) throws -> FabricError {
    try wait("refusal that says \(words)") { events in
      for case .refused(_, let error) in events
      where words.allSatisfy({ error.description.contains($0) }) { return error }
      return nil
    }
  }

  /// Waits until a node is told to be gone, and returns why.
  @discardableResult
  func goneReason(_ id: NodeID) throws -> String {
    try wait("end of node \(id)") { events in
      for case .unreachable(id, let reason, true) in events { return reason }
      return nil
    }
  }

  func requests(_ count: Int) throws -> [(client: ConnectionID, bytes: [UInt8])] {
    try wait("\(count) requests") { events in
      let found = events.compactMap { event -> (client: ConnectionID, bytes: [UInt8])? in
        guard case .request(let client, let bytes) = event else { return nil }
        return (client, bytes)
      }
      return found.count >= count ? Array(found.prefix(count)) : nil
    }
  }

  /// Writes a letter again and again until it has arrived.
  func repeats(_ bytes: [UInt8], to other: SwitchboardNode) throws {
    for _ in 0..<400 {
      board.send(bytes, to: other.correspondent)
      let arrived = try? other.wait("letter", seconds: 0.05) { events in
        events.contains(.letter(ReceivedLetter(from: id, bytes: bytes))) ? true : nil
      }
      if arrived != nil { return }
    }
    throw Failure(description: "\(bytes) did not arrive at \(other.id)")
  }

  /// Answers what comes with the same bytes, until `count` requests have been answered.
  func echo(_ count: Int) throws {
    var answered = 0
    _ = try wait("\(count) requests to answer") { events -> Bool? in
      for case .request(let client, let bytes) in events[...] {
        board.answer(client, bytes)
        answered += 1
      }
      self.events.removeAll(keepingCapacity: true)
      return answered >= count ? true : nil
    }
  }

  var unreachables: [(id: NodeID, isGone: Bool)] {
    events.compactMap { event in
      guard case .unreachable(let id, _, let isGone) = event else { return nil }
      return (id, isGone)
    }
  }
}

/// A directory that a test has for itself; short, because a socket's path is.
final class SocketDirectory {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "sb-\(getpid())-\(UInt32.random(in: 0...(.max)))"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var socket: String { path + "/node.sock" }
}
