// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Glibc
import Memory
import Synchronization
import Testing
import Vocabulary

/// A thread of its own for work that waits.
@safe final class Background<T: Sendable>: @unchecked Sendable {
  // Safe and sendable because the result is written by the thread and read after it was joined.
  private var thread = pthread_t()
  private var result: T?
  private let body: @Sendable () -> T

  init(_ body: @escaping @Sendable () -> T) {
    self.body = body
    let me = unsafe Unmanaged.passRetained(self).toOpaque()
    let error = unsafe pthread_create(
      &thread, nil,
      { argument in
        if let argument = unsafe argument {
          let me = unsafe Unmanaged<AnyObject>.fromOpaque(argument).takeRetainedValue()
          (me as? any Runnable)?.run()
        }
        return nil
      }, me)
    precondition(error == 0, "no thread for a test")
  }

  /// What the body returned; each body's time is bounded.
  func wait() -> T {
    pthread_join(thread, nil)
    guard let result else { preconditionFailure("a body that has run has a result") }
    return result
  }
}

private protocol Runnable { func run() }

extension Background: Runnable {
  fileprivate func run() { result = body() }
}

/// Hands a fabric from the thread that opened it to the one that uses it from then on.
struct HandedOver: @unchecked Sendable {
  // Sendable because the giver does not touch it again.
  let fabric: TCPFabric
}

/// Groups over loopback, all members in this process.
enum TCPGroup {
  /// Ports that nobody gets by chance: below the range that the system takes from.
  private static let nextPort = Atomic<Int>(10_000 + Int(getpid()) * 37 % 20_000)

  static func freePort() -> Int {
    for _ in 0..<1000 {
      let port = nextPort.wrappingAdd(1, ordering: .relaxed).oldValue % 20_000 + 10_000
      if let socket = try? RawSocket(listeningOn: port) {
        socket.close()
        return port
      }
    }
    preconditionFailure("no free port")
  }

  /// A port behind which `count` more are free.
  static func freePort(before count: Int) -> Int {
    let first = freePort()
    for _ in 0..<count { _ = nextPort.wrappingAdd(1, ordering: .relaxed) }
    return first
  }

  static func addresses(_ count: Int, host: String = "127.0.0.1") -> [String] {
    (0..<count).map { _ in "\(host):\(freePort())" }
  }

  /// One table of cells and one region of payload for each member; all may write all payload.
  static func plan(_ count: Int, payloadBytes: Int = 1 << 20) throws -> GroupPlan {
    let all = RankSet(first: count)
    return try GroupPlan(
      (0..<count).map { owner in
        var segment = SegmentPlan()
        segment.add(
          "cells", byteCount: 8192, kind: .cells, writers: RankSet([Rank(owner)]), holders: all)
        segment.add(
          "payload", byteCount: payloadBytes, kind: .payload, writers: all, holders: all)
        segment.add(
          "secret", byteCount: 4096, kind: .payload, writers: RankSet([Rank(owner)]),
          holders: RankSet([Rank(owner)]))
        return segment
      })
  }

  static let payload = 8192

  static func formation(
    _ rank: Int, _ plan: GroupPlan, _ addresses: [String], key: ClusterKey? = nil,
    seconds: Int = 20
  ) -> Formation {
    var formation = Formation(rank: Rank(rank), plan: plan, addresses: addresses, key: key)
    formation.timeoutSeconds = seconds
    return formation
  }

  typealias Opened = Result<HandedOver, FabricError>

  /// Opens members at the same time, each on a thread of its own; `delays` are milliseconds.
  static func open(
    _ formations: [Formation], delays: [Int] = [], settings: TCPSettings = TCPSettings()
  ) -> [Opened] {
    let threads = formations.enumerated().map { index, formation in
      let delay = index < delays.count ? delays[index] : 0
      return Background<Opened> {
        usleep(UInt32(delay * 1000))
        do throws(FabricError) {
          return .success(HandedOver(fabric: try TCPFabric.open(formation, settings: settings)))
        } catch {
          return .failure(error)
        }
      }
    }
    return threads.map { $0.wait() }
  }

  static func form(
    _ count: Int, key: ClusterKey? = nil, payloadBytes: Int = 1 << 20,
    settings: TCPSettings = TCPSettings()
  ) throws -> [TCPFabric] {
    let plan = try plan(count, payloadBytes: payloadBytes)
    let addresses = addresses(count)
    let formations = (0..<count).map { formation($0, plan, addresses, key: key) }
    return try open(formations, settings: settings).map { try $0.get().fabric }
  }

  /// Polls all members until the condition holds; false after 30 seconds.
  static func pump(
    _ members: [TCPFabric], _ events: inout [FabricEvent], until isDone: ([FabricEvent]) -> Bool
  ) -> Bool {
    let end = seconds() + 30
    while !isDone(events) {
      var hasMoved = false
      for member in members where member.poll(into: &events) { hasMoved = true }
      if seconds() > end { return false }
      if !hasMoved { usleep(200) }
    }
    return true
  }

  static func seconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

extension Fabric {
  /// Pushes one range to all others.
  func push(
    _ offset: Int, _ count: Int, _ kind: RegionKind, owner: Rank? = nil, to targets: RankSet? = nil
  ) {
    var pushes = Pushes()
    pushes.append(
      Push(
        owner: owner ?? rank, offset: offset, byteCount: count, kind: kind,
        targets: targets ?? plan.members.removing(rank)))
    push(pushes)
  }
}
