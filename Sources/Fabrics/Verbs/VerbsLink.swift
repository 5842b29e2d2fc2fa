// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Vocabulary

/// A member's side of the device: its registered memory, its queue of completions, its connections.
///
/// One thread uses it. Connections are numbered from 0, and no number is used twice: what completes
/// late for a connection that is gone finds nobody.
@safe final class VerbsLink {
  // Safe because memory is reached through mappings that check offsets.

  /// Bytes of a write that are carried in the request itself, if the device does that.
  static let inlineBytesWanted = 256
  /// Bytes of copied cells that may wait for one peer before it counts as gone.
  static let copiedBytesMaximum = 64 << 20
  /// A packet is unanswered for 4.096 µs · 2^16 = 268 ms before it is sent again,
  static let ackTimeoutExponent: UInt8 = 16
  /// so often. 7 would mean "for ever" to Soft-RoCE.
  static let retries: UInt8 = 6

  let channel: VerbsChannel
  let address: VerbsAddress
  private(set) var listener: VerbsIdentifier?
  let domain: VerbsDomain
  let share: DeviceShare
  let layout: CopyLayout
  /// All copies of all segments.
  let memory: VerbsRegistration
  /// What is staged, and receives; peers cannot write here.
  let messages: VerbsRegistration
  let completions: VerbsCompletions
  /// By which other threads end a wait.
  let signal: WakeSignal

  /// Those that are there, in the order of their numbers.
  private(set) var connections: [VerbsConnection] = []
  private var byNumber: [VerbsConnection?] = []
  /// By the address of their identifier.
  private var numbers: [UInt: Int] = [:]
  /// Parts of `messages` that no connection uses.
  private var freeParts: [Int]
  private var batch = [mapred_verbs_completion](repeating: .init(), count: 64)
  private var returned: [Int] = []

  /// Binds the address, and registers memory on the device that has it.
  init(_ formation: Formation) throws(FabricError) {
    address = try VerbsAddress(formation, formation.rank)
    signal = try WakeSignal()
    channel = try VerbsChannel()
    let listener = try VerbsIdentifier(channel)
    let status = listener.bind(address)
    guard status == 0 else { throw VerbsErrors.bind(formation.address, status) }
    domain = try VerbsDomain(listener, formation.address)
    layout = CopyLayout(formation.plan)
    share = try DeviceShare(
      of: domain.limits, peers: formation.peers.count, memoryBytes: layout.byteCount)
    let partBytes = DeviceShare.stagingBytes + share.receiveDepth * VerbsMessage.byteCount
    freeParts = (0..<share.connections).map { $0 * partBytes }
    memory = try VerbsRegistration(
      VerbsMapping(formation.plan, layout), in: domain, isWritableByPeers: true)
    messages = try VerbsRegistration(
      VerbsMapping(byteCount: share.connections * partBytes), in: domain,
      isWritableByPeers: false)
    completions = try VerbsCompletions(share.completions, in: domain)
    let listening = unsafe mapred_verbs_listen(listener.handle, Int32(share.connections))
    guard listening == 0 else { throw VerbsErrors.bind(formation.address, listening) }
    self.listener = listener
  }

  func stopListening() { listener = nil }

  // MARK: Connections

  /// Adds a connection, if there is room for another one.
  func add(
    _ identifier: VerbsIdentifier, _ handshake: Handshake, began: UInt64
  ) -> VerbsConnection? {
    guard let part = freeParts.popLast() else { return nil }
    let connection = VerbsConnection(
      byNumber.count, identifier, self, messagePlace: part, handshake: handshake, began: began)
    numbers[identifier.address] = connection.number
    byNumber.append(connection)
    connections.append(connection)
    return connection
  }

  /// Forgets a connection; what still completes for it is ignored.
  func remove(_ connection: VerbsConnection) {
    guard byNumber[connection.number] != nil else { return }
    connection.end("it was dropped")
    numbers[connection.identifier.address] = nil
    byNumber[connection.number] = nil
    connections.removeAll { $0 === connection }
    freeParts.append(connection.messagePlace)
  }

  func removeAll() {
    for connection in connections { remove(connection) }
  }

  // MARK: What happened

  /// The next event of a connection. A request to connect has none yet, and comes with its
  /// identifier, which has to be kept or dropped.
  func nextEvent() -> (event: mapred_verbs_event, connection: VerbsConnection?)? {
    guard let event = unsafe channel.next() else { return nil }
    let number = unsafe numbers[UInt(bitPattern: event.id)]
    return unsafe (event, number.flatMap { byNumber[$0] })
  }

  /// Takes completions until there are none, and hands out the messages among them. Returns whether
  /// there was any.
  func takeCompletions(_ body: (VerbsConnection, VerbsMessage) -> Void) -> Bool {
    var isAny = false
    while true {
      let count = completions.poll(&batch)
      guard count > 0 else { break }
      isAny = true
      var index = 0
      while index < count {
        index = takeRun(from: index, to: count, body)
      }
      if count < batch.count { break }
    }
    if isAny { flush() }
    return isAny
  }

  /// Takes completions of one connection that stand together; returns where the next one's begin.
  private func takeRun(
    from start: Int, to end: Int, _ body: (VerbsConnection, VerbsMessage) -> Void
  ) -> Int {
    let number = RequestName(bits: batch[start].id).connection
    var index = start
    guard number < byNumber.count, let connection = byNumber[number] else {
      return start + 1
    }
    returned.removeAll(keepingCapacity: true)
    while index < end, RequestName(bits: batch[index].id).connection == number {
      let completion = batch[index]
      let name = RequestName(bits: completion.id)
      index += 1
      guard connection.phase != .over else { continue }
      guard completion.status == 0 else {
        connection.end(Self.reason(completion.status))
        continue
      }
      guard name.isReceive else {
        connection.complete(name.low)
        continue
      }
      returned.append(Int(name.low))
      if let message = connection.message(in: Int(name.low), byteCount: Int(completion.byte_count))
      {
        body(connection, message)
      } else {
        connection.refuse("it sent bytes that are no message")
      }
    }
    if !returned.isEmpty { connection.repost(returned) }
    return index
  }

  private static func reason(_ status: UInt32) -> String {
    switch Int(status) {
    case mapred_verbs_status_flushed: "its connection was closed"
    case mapred_verbs_status_retries_exceeded: "its host does not answer"
    default: unsafe "a request failed: \(String(cString: mapred_verbs_status_text(status)))"
    }
  }

  /// Posts what waits and has slots now.
  func flush() {
    for connection in connections where connection.hasWork { connection.flush() }
  }

  /// Waits until events or completions are there or somebody wakes, at most so long. Completions
  /// count from the last `notify`.
  func wait(nanoseconds: UInt64) -> (hasEvents: Bool, hasCompletions: Bool) {
    var descriptors = [
      pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: completions.descriptor, events: Int16(POLLIN), revents: 0),
      pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    // Rounded up, so that nobody comes back early and asks again and again.
    let milliseconds = Int32(clamping: (nanoseconds.addingReportingOverflow(999_999).0) / 1_000_000)
    let count = nfds_t(descriptors.count)
    guard unsafe poll(&descriptors, count, milliseconds) > 0 else { return (false, false) }
    if descriptors[2].revents != 0 { signal.quiet() }
    if descriptors[1].revents != 0 { completions.takeBell() }
    return (descriptors[0].revents != 0, descriptors[1].revents != 0)
  }
}
