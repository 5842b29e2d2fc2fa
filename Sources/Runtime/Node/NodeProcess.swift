// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Engine
import Environment
package import Fabrics
import Glibc
package import Membership
import Memory
import Replication
package import Vocabulary

/// A node as a process: the polling thread that owns all cores, and between it and the world a
/// switchboard, a former of fabrics and a clock.
package final class NodeProcess {
  private let settings: NodeSettings
  private let switchboard: Switchboard
  private let former: FabricFormer
  private let rouser: Rouser
  private var node: Node
  private var clients = ClientBook()
  private var fabric: (any Fabric)?
  private var waiter = Waiter()
  private var stopped: StopReason?
  private var arrived: [SwitchEvent] = []
  private var formed: [FormingResult] = []
  private var inputs: [NodeInput] = []
  private var effects: [NodeEffect] = []
  /// By address: why nobody answered there last.
  private var unanswered: [String: String] = [:]
  private let tell: (String) -> Void
  /// Nil where the cluster has no shards: then no jobs run.
  private let desk: JobDesk?
  private let gateway: Gateway
  private let http: HTTPServer?

  /// Where it takes letters.
  package let address: String
  package let id: NodeID
  /// Where it listens for HTTP; nil: nowhere.
  package var httpAddress: String? { http?.address }

  /// Starts a node; `run` lets it live. `tell` is told what people who read logs want to know.
  package init(
    _ settings: NodeSettings, tell: @escaping (String) -> Void
  ) throws(FabricError) {
    self.settings = settings
    self.tell = tell
    var source = SystemRandomNumberGenerator()
    id = NodeID(high: source.next(), low: source.next())
    let rouser = try Rouser()
    self.rouser = rouser
    let switchboard = try Switchboard(Self.switching(settings, id)) { rouser.rouse() }
    self.switchboard = switchboard
    address = Self.reachable(switchboard.address, settings)
    do throws(FabricError) {
      let listener = try DataListener.open(settings.dataListen.description)
      former = try FabricFormer(settings, listener) { rouser.rouse() }
      desk =
        settings.shards == 0
        ? nil : try JobDesk(settings, id, rouse: { rouser.rouse() }, tell: tell)
      let record = Self.record(settings, id, address, listener)
      let cluster = NodeID(high: source.next(), low: source.next())
      node = Node(
        record, cluster: cluster, settings: Self.membership(settings),
        limits: Self.limits(settings), memory: desk?.arena ?? BlockPool(),
        now: monotonicNanoseconds(), into: &effects)
      gateway = Gateway(most: settings.queueMaximum) { rouser.rouse() }
      http = try Self.http(settings, gateway, desk?.arena)
    } catch {
      switchboard.close()
      throw error
    }
  }

  /// Lives until the node stops. `shallLeave` is asked now and then; once it says so, the node
  /// leaves the cluster.
  package func run(shallLeave: () -> Bool) -> StopReason {
    carryOut()
    var isLeaving = false
    while stopped == nil {
      if !isLeaving, shallLeave() {
        isLeaving = true
        tell("leaves the cluster; a second signal ends it at once")
        inputs.append(.request(0, .leave))
      }
      if step() {
        waiter.progressed()
      } else {
        wait()
      }
    }
    http?.close()
    former.close()
    fabric?.close()
    switchboard.close()
    desk?.close()
    return stopped ?? .left
  }

  /// Takes in what came, and steps the node. True where something was done.
  private func step() -> Bool {
    takeIn()
    let hasWorked = node.step(
      monotonicNanoseconds(), clock: Self.clock(), inputs, into: &effects)
    inputs.removeAll(keepingCapacity: true)
    carryOut()
    // Carrying out may bring the next inputs.
    return hasWorked || !inputs.isEmpty
  }

  /// Waits until something comes, or the node has something to do by itself.
  private func wait() {
    let now = monotonicNanoseconds()
    let due = node.deadline > now ? node.deadline - now : 0
    let patience = min(due, Self.longestParkNanoseconds)
    if let fabric {
      waiter.parkNanoseconds = patience
      waiter.wait(on: fabric, isUrgent: !node.isComputing) { step() }
    } else {
      rouser.arm()
      if step() { return rouser.disarm() }
      rouser.park(nanoseconds: patience)
    }
  }

  /// A signal is noticed within this time.
  private static let longestParkNanoseconds: UInt64 = 100_000_000

  /// Microseconds since 1970.
  private static func clock() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  private func takeIn() {
    switchboard.take(into: &arrived)
    for event in arrived { take(event) }
    arrived.removeAll(keepingCapacity: true)
    let (asked, abandoned) = gateway.take()
    if !abandoned.isEmpty { inputs.append(.abandoned(abandoned)) }
    for (number, bytes) in asked { take(bytes[...], number) }
    former.take(into: &formed)
    for result in formed { take(result) }
    desk?.take(into: &inputs, hasRoom: node.hasRoomForCode) { node.isNeeded($0) }
    formed.removeAll(keepingCapacity: true)
  }

  private func take(_ event: SwitchEvent) {
    switch event {
    case .letter(let letter): inputs.append(.letter(from: letter.from, letter.bytes))
    case .unreachable(let id, let reason, let isGone):
      tell("node \(id) \(isGone ? "is gone" : "cannot be reached"): \(reason)")
      inputs.append(.unreachable(id, isGone: isGone))
    case .refused(let address, let error):
      tell("\(address): \(error)")
      // Whom this node was told to join does not want it, and asking again changes nothing.
      let isAsked = settings.join.contains { $0.description == address }
      if node.view == nil, isAsked { stopped = .refused("\(error)") }
    case .unanswered(let address, let reason):
      // It is asked again and again; what is the same each time is told once.
      guard unanswered.updateValue(reason, forKey: address) != reason else { return }
      tell("no node answers at \(address): \(reason)")
    case .request(let connection, let frame): take(frame, of: connection)
    case .clientGone(let connection): inputs.append(.abandoned(clients.close(connection)))
    }
  }

  private func take(_ frame: [UInt8], of connection: ConnectionID) {
    guard let (number, bytes) = clients.enter(connection, frame) else {
      return switchboard.answer(
        connection, ClientBook.frame(0, Reply.malformed("this is no request").encoded))
    }
    take(bytes, number)
  }

  /// What a client asks, under the node's number for it.
  private func take(_ bytes: ArraySlice<UInt8>, _ number: UInt64) {
    if let desk, let request = CodeRequest(bytes) {
      effects.append(.answer(number, desk.answer(request, into: &inputs)))
    } else if let request = Request(bytes) {
      inputs.append(.request(number, request))
    } else {
      let text = "this is no request: is the client of another version?"
      effects.append(.answer(number, .malformed(text)))
    }
  }

  private func take(_ result: FormingResult) {
    switch result {
    case .formed(let view, let fabric):
      guard node.view?.number == view else { return fabric.close() }
      adopt(fabric)
      inputs.append(.formed(view: view, fabric))
    case .unformed(let view, let missing, let reason):
      inputs.append(.unformed(view: view, missing, reason: reason))
    }
  }

  /// From now on this fabric is what the polling thread parks on.
  private func adopt(_ fabric: (any Fabric)?) {
    self.fabric = fabric
    rouser.target = fabric?.waker
    if let fabric { waiter = Waiter(for: fabric) }
  }

  private func carryOut() {
    // Carrying out an effect makes no further ones.
    for effect in effects { carryOut(effect) }
    effects.removeAll(keepingCapacity: true)
  }

  private func carryOut(_ effect: NodeEffect) {
    switch effect {
    case .send(let bytes, let member):
      switchboard.send(bytes, to: Correspondent(id: member.id, address: member.address))
    case .ask(let bytes, let address): switchboard.sendOnce(bytes, to: address)
    case .answer(let number, let reply) where Gateway.owns(number):
      gateway.answer(number, reply)
    case .answer(let number, let reply):
      guard let (connection, frame) = clients.leave(number, reply.encoded) else { return }
      switchboard.answer(connection, frame)
    case .form(let view, let rank, let layout):
      // The one of the view before was closed by the node.
      adopt(nil)
      former.form(FabricFormer.Order(view: view, rank: rank, layout: layout))
    case .forget(let id): switchboard.forget(id)
    case .stop(let reason): stopped = reason
    case .note(let text): tell(text)
    case .jobs(let effect): desk?.carryOut(effect, into: &inputs)
    case .applied, .traced: break
    }
  }
}
