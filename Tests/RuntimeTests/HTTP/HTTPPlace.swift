// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Foundation
import Synchronization
import TestSupport

@testable import Engine
@testable import Runtime

/// An HTTP server whose node is the test: it says of its status that all is well, and answers
/// nothing else.
final class HTTPPlace: Sendable {
  let gateway: Gateway
  let service: HTTPService
  let server: HTTPServer
  private let isOver = Atomic(false)
  private let pump = Mutex<SystemThread?>(nil)
  /// Whether it answers at all.
  let isAwake: Atomic<Bool>
  /// Numbers of requests that came and were not answered, and of those that were given up.
  let held = Mutex<[UInt64]>([])
  let abandoned = Mutex<[UInt64]>([])

  /// Short times and little room.
  static let strict: HTTPLimits = {
    var limits = HTTPLimits()
    limits.connections = 2
    limits.surplus = 1
    limits.documentBytes = 100
    limits.headMilliseconds = 200
    limits.stallMilliseconds = 200
    limits.lingerMilliseconds = 200
    return limits
  }()

  init(_ limits: HTTPLimits = HTTPLimits(), key: ClusterKey? = nil, isAwake: Bool = true) throws {
    self.isAwake = Atomic(isAwake)
    gateway = Gateway(most: 1000) {}
    service = HTTPService(
      gateway, limits, token: key.map { AccessToken($0) }, memory: { (taken: 7, all: 100) })
    server = try HTTPServer(HostPort(host: "127.0.0.1", port: 0), hasKey: key != nil, service)
    let thread = try SystemThread { self.run() }
    pump.withLock { $0 = thread }
  }

  private func run() {
    while !isOver.load(ordering: .relaxed) {
      let (asked, given) = gateway.take()
      abandoned.withLock { $0 += given }
      for (number, bytes) in asked {
        if case .status? = Request(bytes), isAwake.load(ordering: .relaxed) {
          gateway.answer(number, .status(Self.status.encoded))
        } else {
          held.withLock { $0.append(number) }
        }
      }
      usleep(500)
    }
  }

  func close() {
    server.close()
    isOver.store(true, ordering: .relaxed)
    let thread = pump.withLock { pump in
      defer { pump = nil }
      return pump
    }
    thread?.join()
  }

  func caller() throws -> HTTPCaller { try HTTPCaller(server.address) }

  static let status = NodeStatus(
    name: "n1", id: "01", view: 3, cluster: "c", isFormed: true, waits: nil, inadequacy: nil,
    peers: [
      NodeStatus.Peer(
        id: "01", name: "n1", host: "h", address: "127.0.0.1:1", isSuspected: false,
        roles: ["coordinator"])
    ],
    held: [
      NodeStatus.Held(role: "coordinator", version: "v", applied: 5, waiting: 1, underWay: 2)
    ])

  /// Makes a place, and closes it when `body` is done.
  static func with(
    _ limits: HTTPLimits = HTTPLimits(), key: ClusterKey? = nil, isAwake: Bool = true,
    _ body: (HTTPPlace) throws -> Void
  ) throws {
    let place = try HTTPPlace(limits, key: key, isAwake: isAwake)
    defer { place.close() }
    try body(place)
  }

  /// Waits, for 30 seconds at most, until something is so.
  static func until(_ what: String, _ isSo: () -> Bool) throws {
    for _ in 0..<30_000 {
      if isSo() { return }
      usleep(1000)
    }
    throw HTTPCaller.Failure(description: "it never came to this: \(what)")
  }
}
