// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Glibc
import Memory
import Synchronization
import Vocabulary

/// What a fabric can do wrong. Each is something that an implementation could plausibly do.
enum FabricFault: String, CaseIterable, Sendable {
  case counterBeforePayload
  case swapsPushes
  case tornCell
  case losesPush
  case losesLastByte
  case landsTwice
  case readsCellsLate
  case forgetsRelayedPayload
  case landsAtNonHolders
  case pushBlocks
  case pushToDeadBlocks
  case reportsTwice
  case reportsNobody
  case reportsLiving
  case reportsStalled
  case forgetsTheRest
  case fenceLetsIn
  case fenceLetsOut
  case losesWakeUp
  case losesWakeFromHome
  case parkReturnsAtOnce
  case parkSpins
  case parkIgnoresDeadline
}

/// The wire between members of one process: each has copies of its own, and there is a queue for
/// each pair. A push is copied when it is posted and lands when the receiver polls.
final class LocalNetwork: Sendable {
  struct Parcel: Sendable {
    let owner: Rank
    let offset: Int
    let kind: RegionKind
    var bytes: [UInt8]
    /// Where the bytes are to be read when the parcel lands: a fault.
    var source: Segment?
  }

  struct State {
    var queues: [[[Parcel]]]
    var closed = RankSet()
    var opened = 0
    var version: [Int]
    var isParked: [Bool]
    var lastPoll: [UInt64]
  }

  let members: Int
  let fault: FabricFault?
  let state: Mutex<State>

  init(_ members: Int, _ fault: FabricFault?) {
    self.members = members
    self.fault = fault
    state = Mutex(
      State(
        queues: Array(repeating: Array(repeating: [], count: members), count: members),
        version: Array(repeating: 0, count: members),
        isParked: Array(repeating: false, count: members),
        lastPoll: Array(repeating: 0, count: members)))
  }

  /// Adds a member and waits for the others, as all fabrics do.
  func join() {
    state.withLock { $0.opened += 1 }
    while state.withLock({ $0.opened }) < members { usleep(100) }
  }
}

/// A simple fabric that copies within one process, and does one thing wrong, if so asked.
final class LocalFabric: Fabric {
  let rank: Rank
  let plan: GroupPlan
  var sharesMemory: RankSet { RankSet([rank]) }
  private let network: LocalNetwork
  private let fault: FabricFault?
  private let segments: [Segment]
  private var reported = RankSet()
  private var isFenced = false
  private var isClosed = false
  private var armedVersion = 0
  private var pushCount = 0
  private var pollCount = 0
  /// Payload that lands once more, much later: a fault.
  private var again: [(parcel: LocalNetwork.Parcel, due: Int)] = []
  private var payloadCount = 0
  /// Payload that lands with the next poll, behind the cells that came with it: a fault.
  private var behind: [LocalNetwork.Parcel] = []
  /// Halves of cells that land with the next poll: a fault.
  private var halves: [(segment: Segment, offset: Int, value: UInt64)] = []

  init(_ rank: Rank, _ plan: GroupPlan, _ network: LocalNetwork) {
    self.rank = rank
    self.plan = plan
    self.network = network
    fault = network.fault
    segments = plan.segments.map { Segment(byteCount: $0.byteCount) }
    network.join()
  }

  func segment(_ owner: Rank) -> Segment { segments[owner.index] }

  private static func milliseconds() -> UInt64 {
    var now = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000 + UInt64(now.tv_nsec) / 1_000_000
  }

  func push(_ pushes: borrowing Pushes) {
    guard !isClosed, !isFenced || fault == .fenceLetsOut else { return }
    var list = pushes.list
    pushCount += 1
    if fault == .swapsPushes, pushCount % 50 == 0 { list.reverse() }
    for push in list {
      if fault == .forgetsRelayedPayload, push.owner != rank { continue }
      let targets = fault == .landsAtNonHolders ? plan.members : push.targets
      for target in targets where target != rank { send(push, to: target) }
    }
  }

  private func send(_ push: Push, to target: Rank) {
    if fault == .losesPush, push.kind == .payload, pushCount % 97 == 0 { return }
    var bytes = Array(segment(push.owner).bytes(push.offset, push.byteCount))
    if fault == .losesLastByte, push.byteCount % 8 == 1, push.byteCount > 1 { bytes.removeLast() }
    var parcel = LocalNetwork.Parcel(
      owner: push.owner, offset: push.offset, kind: push.kind, bytes: bytes)
    if fault == .readsCellsLate, push.kind == .cells { parcel.source = segment(push.owner) }
    var isQueued = false
    let began = Self.milliseconds()
    while !isQueued {
      isQueued = network.state.withLock { state in
        if state.closed.contains(target) {
          return fault != .pushToDeadBlocks || Self.milliseconds() - began > 200
        }
        if fault == .pushBlocks, state.queues[rank.index][target.index].count > 500 {
          return false
        }
        state.queues[rank.index][target.index].append(parcel)
        state.version[target.index] += 1
        return true
      }
      if !isQueued { usleep(100) }
    }
  }

  func poll(into events: inout [FabricEvent]) -> Bool {
    guard !isClosed else { return false }
    pollCount += 1
    for half in halves { half.segment.store(half.value, at: half.offset) }
    halves.removeAll()
    if fault == .reportsLiving, pollCount == 500 {
      events.append(.unreachable(Rank((rank.index + 1) % network.members), reason: "a guess"))
    }
    let (parcels, closed, stalled) = network.state.withLock { state in
      state.lastPoll[rank.index] = Self.milliseconds()
      var taken: [LocalNetwork.Parcel] = []
      for sender in 0..<network.members {
        let count = state.queues[sender][rank.index].count
        let most = fault == .readsCellsLate ? max(1, count / 2) : count
        taken += state.queues[sender][rank.index].prefix(most)
        state.queues[sender][rank.index].removeFirst(min(most, count))
      }
      let now = Self.milliseconds()
      let stalled = RankSet(
        plan.members.filter {
          state.lastPoll[$0.index] > 0 && now > state.lastPoll[$0.index] + 200
        })
      return (taken, state.closed, stalled)
    }
    if !isFenced || fault == .fenceLetsIn {
      for parcel in behind { land(parcel) }
      let isLate = fault == .counterBeforePayload
      behind = isLate ? parcels.filter { $0.kind == .payload } : []
      for parcel in parcels where !isLate || parcel.kind == .cells { land(parcel) }
    }
    if fault == .landsTwice {
      landAgain(parcels.filter { $0.kind == .payload })
    }
    var gone = closed
    if fault == .reportsStalled { gone = gone.union(stalled) }
    if fault == .reportsNobody { gone = RankSet() }
    for peer in gone where peer != rank && !reported.contains(peer) {
      reported.insert(peer)
      events.append(.unreachable(peer, reason: "it closed"))
      if fault == .reportsTwice { reported.remove(peer) }
    }
    return !parcels.isEmpty
  }

  /// A copy of some payload lands when its place in a ring has been used anew.
  private func landAgain(_ parcels: [LocalNetwork.Parcel]) {
    for parcel in parcels {
      payloadCount += 1
      if payloadCount % 5 == 0 { again.append((parcel, payloadCount + 50 + payloadCount % 37)) }
    }
    for late in again where late.due <= payloadCount { land(late.parcel) }
    again.removeAll { $0.due <= payloadCount }
  }

  private func land(_ parcel: LocalNetwork.Parcel) {
    let segment = segment(parcel.owner)
    if fault == .forgetsTheRest, !reported.isEmpty { return }
    guard parcel.kind == .cells else {
      parcel.bytes.withBytes { segment.write($0, at: parcel.offset) }
      return
    }
    for place in stride(from: 0, to: parcel.bytes.count, by: 8) {
      let offset = parcel.offset + place
      let value =
        parcel.source?.load(offset) ?? parcel.bytes.withBytes { $0[place..<(place + 8)].word }
      if fault == .tornCell {
        let old = segment.load(offset)
        segment.store(old & 0xFFFF_FFFF | value & ~0xFFFF_FFFF, at: offset)
        halves.append((segment, offset, value))
      } else {
        segment.store(value, at: offset)
      }
    }
  }

  var waker: Waker {
    Waker { [network, rank, fault] in
      network.state.withLock { state in
        // Between `arm` and `park` a wake is as good as in a park.
        guard fault != .losesWakeFromHome || state.isParked[rank.index] else { return }
        state.version[rank.index] += 1
      }
    }
  }

  private var version: Int { network.state.withLock { $0.version[rank.index] } }

  func arm() {
    if fault != .losesWakeUp { armedVersion = version }
  }

  func park(nanoseconds: UInt64) {
    if fault == .parkReturnsAtOnce { return }
    // It looks only from here on: what came since `arm` is missed.
    if fault == .losesWakeUp { armedVersion = version }
    let deadline = Self.milliseconds() + max(1, nanoseconds / 1_000_000)
    network.state.withLock { $0.isParked[rank.index] = true }
    defer { network.state.withLock { $0.isParked[rank.index] = false } }
    var naps = 0
    while version == armedVersion {
      let late: UInt64 = fault == .parkIgnoresDeadline ? 4_000 : 0
      if Self.milliseconds() >= deadline + late { return }
      naps += 1
      if fault != .parkSpins { usleep(naps < 20 ? 100 : 3_000) }
    }
  }

  func disarm() {}

  func fence() { isFenced = true }

  func close() {
    isClosed = true
    network.state.withLock { $0.closed.insert(rank) }
  }
}

extension Bytes {
  /// Eight bytes as a little-endian number.
  fileprivate var word: UInt64 {
    enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
  }
}

/// Members on threads over the simple fabric.
func localKind(_ fault: FabricFault?) -> ThreadedKind {
  let networks = Mutex<[String: LocalNetwork]>([:])
  let round = Mutex(0)
  return ThreadedKind(
    fault?.rawValue ?? "local",
    addresses: { members in
      let name = round.withLock { number in
        number += 1
        return "\(number)"
      }
      return Array(repeating: name, count: members)
    },
    open: { rank, plan, addresses in
      let network = networks.withLock { networks in
        let network = networks[addresses[0]] ?? LocalNetwork(addresses.count, fault)
        networks[addresses[0]] = network
        return network
      }
      return LocalFabric(rank, plan, network)
    })
}
