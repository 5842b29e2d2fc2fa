// SPDX-License-Identifier: Apache-2.0
import Engine
import Environment
import Fabrics
import Membership
import Multicast
import Synchronization
import Vocabulary

/// What became of a view's fabric.
enum FormingResult: @unchecked Sendable {
  // Safe because a fabric is handed from the thread that opens it to the one that uses it, and
  // touched by one of them at a time.
  case formed(view: UInt64, any Fabric)
  case unformed(view: UInt64, RankSet, reason: String)
}

/// Forms the fabrics of views, one after the other, on a thread of its own: what takes milliseconds
/// or as long as the slowest member does not keep the polling thread from hearing the others.
final class FabricFormer: Sendable {
  struct Order: Sendable {
    let view: View
    let rank: Rank
    let layout: ViewLayout
    let cancellation = Cancellation()
  }

  private struct State {
    var next: Order?
    var current: Order?
    var results: [FormingResult] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let key: ClusterKey?
  private let listener: DataListener
  private let transport: Transport
  private let timeoutSeconds: Int
  private let signal: WakeSignal
  private let wake: @Sendable () -> Void
  private let thread: Mutex<SystemThread?>

  init(
    _ settings: NodeSettings, _ listener: DataListener, wake: @escaping @Sendable () -> Void
  ) throws(FabricError) {
    key = settings.clusterKey
    transport = settings.transport
    self.listener = listener
    // Longer than a member may be silent: who does not come is then suspected first.
    timeoutSeconds = Int(3 * settings.suspectAfterNanoseconds / 1_000_000_000) + 2
    self.wake = wake
    signal = try WakeSignal()
    thread = Mutex(nil)
    let made = try SystemThread { [self] in run() }
    thread.withLock { $0 = made }
  }

  /// Forms the fabric of a view. What is being formed for an earlier one is given up.
  func form(_ order: Order) {
    let old = state.withLock { state in
      state.next = order
      return state.current
    }
    old?.cancellation.cancel()
    signal.waker.wake()
  }

  /// Moves what became of orders to the end of `results`.
  func take(into results: inout [FormingResult]) {
    state.withLock { state in
      results += state.results
      state.results.removeAll()
    }
  }

  /// Gives up, and waits for the thread to end.
  func close() {
    let old = state.withLock { state in
      state.isClosed = true
      state.next = nil
      return state.current
    }
    old?.cancellation.cancel()
    signal.waker.wake()
    let running = thread.withLock { thread in
      defer { thread = nil }
      return thread
    }
    running?.join()
    var left: [FormingResult] = []
    take(into: &left)
    for case .formed(_, let fabric) in left { fabric.close() }
  }

  private func run() {
    while true {
      signal.arm()
      let (order, isClosed) = state.withLock { state in
        state.current = state.next
        state.next = nil
        return (state.current, state.isClosed)
      }
      if isClosed { return }
      guard let order else {
        signal.park(nanoseconds: 1_000_000_000)
        continue
      }
      let result = open(order)
      let isWanted = state.withLock { state in
        state.current = nil
        guard !order.cancellation.isCancelled else { return false }
        state.results.append(result)
        return true
      }
      if isWanted { wake() } else if case .formed(_, let fabric) = result { fabric.close() }
    }
  }

  private func open(_ order: Order) -> FormingResult {
    let number = order.view.number
    do throws(FabricError) {
      let endpoints = try order.view.members.map { member throws(FabricError) in
        guard let endpoint = Endpoint(member.endpoint) else {
          throw FabricError(.refused, "\(member.name) says \(member.endpoint) to be its endpoint")
        }
        return endpoint
      }
      return .formed(view: number, try open(order, endpoints))
    } catch {
      return .unformed(view: number, error.missing, reason: error.description)
    }
  }

  /// Over shared memory where members of the view are on one host; between hosts by TCP, or by
  /// verbs where no two share a host and all have a device.
  private func open(_ order: Order, _ endpoints: [Endpoint]) throws(FabricError) -> any Fabric {
    let areApart = order.layout.group.hosts.areApart
    let usesVerbs = transport == .verbs || transport == .auto && endpoints.allSatisfy(\.hasDevice)
    let way: Transport = areApart ? usesVerbs ? .verbs : .tcp : .auto
    let places = zip(endpoints, order.view.members).map { endpoint, member in
      MemberPlace(
        host: member.host, path: endpoint.path(view: order.view.number, id: member.id),
        address: way == .verbs ? endpoint.verbsAddress : endpoint.address)
    }
    return try way.open(formation(order, places)).fabric
  }

  private func formation(_ order: Order, _ places: [MemberPlace]) -> Formation {
    var formation = Formation(
      rank: order.rank, plan: order.layout.group.plan, places: places, key: key)
    formation.epoch = order.view.number
    formation.cancellation = order.cancellation
    formation.timeoutSeconds = timeoutSeconds
    formation.listener = listener
    return formation
  }
}
