// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Vocabulary

/// One queue pair with one peer, and what waits in front of it.
///
/// Order: messages of the handshake, then writes as they were pushed, then the bell that tells a
/// parked peer of them. All of it goes through the same queue pair, so it arrives in this order.
/// What finds no slot waits here; nothing blocks.
@safe final class VerbsConnection {
  // Safe because what requests read lies in mappings that `link` holds, and `identifier`, whose
  // queue pair reads it, goes before them.
  enum Phase {
    case resolvingAddress
    case resolvingRoute
    case connecting
    /// The handshake is under way.
    case meeting
    /// The peer has proven the key; where its memory is, is still missing.
    case exchanging
    case ready
    /// A last message is on its way.
    case parting
    case over
  }

  /// A write that waits: from this member's memory, or from `copy` where it could not be posted
  /// before its cells may change.
  private struct Write {
    let place: Int
    let byteCount: Int
    let isCells: Bool
    var copy: [UInt8] = []
  }

  let number: Int
  let identifier: VerbsIdentifier
  let isInitiator: Bool
  let link: VerbsLink
  /// Where this connection's part of the memory for messages begins.
  let messagePlace: Int
  var rank: Rank?
  var phase = Phase.resolvingAddress
  var handshake: Handshake
  var began: UInt64
  var remote: RemoteMemory?
  /// Why the connection ended.
  private(set) var failure: String?
  private(set) var isRefused = false

  private var isPairOpen = false
  private var inlineBytes = 0
  private var window: SendWindow
  private var staging = StagingRing(capacity: DeviceShare.stagingBytes)
  private var credits: MessageCredits
  /// What was taken of the staging ring when each slot was posted.
  private var stagedThrough: [UInt64]
  private var stagedAtSignal: UInt64 = 0
  private var outbox: [VerbsMessage] = []
  private var writes: [Write] = []
  private var nextWrite = 0
  /// Up to where the cells among the writes that wait have been copied.
  private var kept = 0
  private var copiedBytes = 0
  private var wantsBell = false
  private var isLeaving = false
  private var work: [mapred_verbs_work] = []

  init(
    _ number: Int, _ identifier: VerbsIdentifier, _ link: VerbsLink, messagePlace: Int,
    handshake: Handshake, began: UInt64
  ) {
    self.number = number
    self.identifier = identifier
    self.link = link
    self.messagePlace = messagePlace
    self.handshake = handshake
    self.began = began
    isInitiator = handshake.role == .initiator
    window = SendWindow(depth: link.share.sendDepth)
    credits = MessageCredits(depth: link.share.receiveDepth)
    stagedThrough = Array(repeating: 0, count: link.share.sendDepth)
    work.reserveCapacity(link.share.sendDepth)
  }

  /// Makes the queue pair and posts all receives.
  func openPair() throws(FabricError) {
    inlineBytes = try identifier.openPair(
      in: link.domain, link.completions, link.share, inlineBytes: VerbsLink.inlineBytesWanted)
    isPairOpen = true
    let status = repost(Array(0..<link.share.receiveDepth))
    guard status == 0 else {
      throw VerbsErrors.device(link.domain.limits.name, "receives", status)
    }
  }

  /// Nothing is sent any more, and nothing that arrives is looked at. The first reason counts.
  func end(_ reason: String) {
    guard phase != .over else { return }
    phase = .over
    failure = reason
    writes.removeAll()
    outbox.removeAll()
    (nextWrite, kept) = (0, 0)
    disconnect()
  }

  /// Ends the connection because the peer does what it may not.
  func refuse(_ reason: String) {
    isRefused = phase != .over
    end(reason)
  }

  /// Moves the queue pair into a state in which it takes and sends nothing.
  func disconnect() {
    if isPairOpen { _ = unsafe mapred_verbs_disconnect(identifier.handle) }
  }

  // MARK: What waits

  var hasWork: Bool {
    !outbox.isEmpty || nextWrite < writes.count || wantsBell || isLeaving
      || credits.mustReturn
  }
  /// Whether all that was ever posted and signalled has left.
  var isQuiet: Bool {
    outbox.isEmpty && nextWrite == writes.count && !isLeaving && window.free == window.depth
  }

  func send(_ message: VerbsMessage) { outbox.append(message) }

  /// Says goodbye once all writes have been posted.
  func sendGoodbye() { isLeaving = true }

  /// Bytes of the handshake, in as many messages as they take.
  func sendHello(_ bytes: [UInt8]) {
    for start in stride(from: 0, to: bytes.count, by: VerbsMessage.bodyBytesMaximum) {
      let end = min(start + VerbsMessage.bodyBytesMaximum, bytes.count)
      outbox.append(VerbsMessage(.hello, body: Array(bytes[start..<end])))
    }
  }

  /// Queues the writes of a push. `place` is where its segment lies in the memory of a member.
  func write(_ push: Push, place: Int) {
    guard phase == .ready else { return }
    let bytesMaximum =
      push.kind == .cells ? DeviceShare.cellBytesMaximum : link.share.writeBytesMaximum
    for range in WriteChunks(
      offset: push.offset, byteCount: push.byteCount, bytesMaximum: bytesMaximum)
    {
      writes.append(
        Write(
          place: place + range.lowerBound, byteCount: range.count, isCells: push.kind == .cells))
    }
  }

  /// Copies cells that could not be posted in the push that brought them: they are carried as they
  /// are now. Ends the connection where the peer takes nothing and too much waits.
  func keepCells() {
    for index in max(kept, nextWrite)..<max(kept, writes.count) where writes[index].isCells {
      let count = writes[index].byteCount
      writes[index].copy = unsafe Array(
        UnsafeRawBufferPointer(
          start: link.memory.mapping.pointer(writes[index].place), count: count))
      copiedBytes += count
    }
    kept = writes.count
    if copiedBytes > VerbsLink.copiedBytesMaximum {
      end("it takes nothing, and \(copiedBytes) bytes of cells wait for it")
    }
  }

  // MARK: Posting

  /// Posts what has slots, in one call.
  func flush() {
    guard isPairOpen, phase != .over else { return }
    work.removeAll(keepingCapacity: true)
    while let message = outbox.first, credits.maySend, append(message, mustSignal: true) {
      outbox.removeFirst()
    }
    appendWrites()
    if outbox.isEmpty {
      if wantsBell, credits.maySend, append(VerbsMessage(.bell)) { wantsBell = false }
      if isLeaving, nextWrite == writes.count, credits.maySend,
        append(VerbsMessage(.goodbye), mustSignal: true)
      {
        isLeaving = false
      }
      if credits.mustReturn { _ = append(VerbsMessage(.credit)) }
    }
    guard !work.isEmpty else { return }
    var posted: Int32 = 0
    let status = unsafe work.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return Int32(0) }
      return unsafe mapred_verbs_post(identifier.handle, base, Int32(buffer.count), &posted)
    }
    if status != 0 { end("its connection takes no requests: \(errorText(status))") }
  }

  private func appendWrites() {
    guard nextWrite < writes.count, let remote else { return }
    // The last slot is for a message.
    while nextWrite < writes.count, window.free > 1, append(writes[nextWrite], remote) {
      copiedBytes -= writes[nextWrite].copy.count
      nextWrite += 1
      wantsBell = true
    }
    if nextWrite == writes.count {
      writes.removeAll(keepingCapacity: true)
      (nextWrite, kept) = (0, 0)
    } else if nextWrite >= 1024 {
      writes.removeFirst(nextWrite)
      (nextWrite, kept) = (0, max(0, kept - nextWrite))
    }
  }

  private func append(_ write: Write, _ remote: RemoteMemory) -> Bool {
    var item = mapred_verbs_work()
    item.byte_count = UInt32(write.byteCount)
    item.remote = remote.base + UInt64(write.place)
    item.remote_key = remote.key
    let isInline = write.byteCount <= inlineBytes
    if isInline { item.flags = UInt32(mapred_verbs_inline) }
    if !write.copy.isEmpty {
      guard unsafe write.copy.withUnsafeBytes({ unsafe stage($0, &item) }) else { return false }
    } else if write.isCells, !isInline {
      let cells = unsafe UnsafeRawBufferPointer(
        start: link.memory.mapping.pointer(write.place), count: write.byteCount)
      guard unsafe stage(cells, &item) else { return false }
    } else {
      item.local = UInt64(link.memory.mapping.address + UInt(write.place))
      item.local_key = link.memory.localKey
    }
    finish(item, mustSignal: false)
    return true
  }

  private func append(_ message: VerbsMessage, mustSignal: Bool = false) -> Bool {
    guard window.free > 0 else { return false }
    var message = message
    var item = mapred_verbs_work()
    item.byte_count = UInt32(VerbsMessage.headerBytes + message.body.count)
    guard staging.inUse + VerbsMessage.byteCount * 2 <= staging.capacity else { return false }
    message.returned = credits.send()
    guard unsafe message.encoded.withUnsafeBytes({ unsafe stage($0, &item) }) else { return false }
    item.flags = UInt32(mapred_verbs_message)
    if Int(item.byte_count) <= inlineBytes { item.flags |= UInt32(mapred_verbs_inline) }
    finish(item, mustSignal: mustSignal)
    return true
  }

  /// Copies bytes to where they stay until their request has completed.
  private func stage(_ bytes: UnsafeRawBufferPointer, _ item: inout mapred_verbs_work) -> Bool {
    guard let offset = staging.take(bytes.count) else { return false }
    let place = messagePlace + offset
    let target = unsafe UnsafeMutableRawBufferPointer(
      start: link.messages.mapping.pointer(place), count: bytes.count)
    unsafe target.copyMemory(from: bytes)
    item.local = UInt64(link.messages.mapping.address + UInt(place))
    item.local_key = link.messages.localKey
    return true
  }

  private func finish(_ item: mapred_verbs_work, mustSignal: Bool) {
    var item = item
    let isFilling = staging.taken - stagedAtSignal > UInt64(staging.capacity / 4)
    let (request, isSignaled) = window.post(mustSignal: mustSignal || isFilling)
    if isSignaled {
      stagedAtSignal = staging.taken
      item.flags |= UInt32(mapred_verbs_signaled)
    }
    stagedThrough[Int(request % UInt64(window.depth))] = staging.taken
    item.id = RequestName(number, isReceive: false, UInt32(truncatingIfNeeded: request)).bits
    work.append(item)
  }

  // MARK: Completions

  /// Requests up to this one have left.
  func complete(_ low: UInt32) {
    let request = window.complete(low: low)
    staging.release(through: stagedThrough[Int(request % UInt64(window.depth))])
  }

  /// The message in a receive; nil where it is none. Its receive has to be posted anew.
  func message(in slot: Int, byteCount: Int) -> VerbsMessage? {
    let bytes = unsafe Array(
      UnsafeRawBufferPointer(
        start: link.messages.mapping.pointer(receivePlace(slot)),
        count: min(byteCount, VerbsMessage.byteCount)))
    guard let message = VerbsMessage(decoding: bytes),
      credits.receive(returned: message.returned)
    else { return nil }
    return message
  }

  private func receivePlace(_ slot: Int) -> Int {
    precondition(slot >= 0 && slot < link.share.receiveDepth, "a receive that was posted")
    return messagePlace + DeviceShare.stagingBytes + slot * VerbsMessage.byteCount
  }

  /// Posts receives anew.
  @discardableResult
  func repost(_ slots: [Int]) -> Int32 {
    guard phase != .over else { return 0 }
    let receives = slots.map { slot in
      var item = mapred_verbs_work()
      item.id = RequestName(number, isReceive: true, UInt32(slot)).bits
      item.local = UInt64(link.messages.mapping.address + UInt(receivePlace(slot)))
      item.byte_count = UInt32(VerbsMessage.byteCount)
      item.local_key = link.messages.localKey
      return item
    }
    return unsafe receives.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      return unsafe mapred_verbs_post_receives(identifier.handle, base, Int32(buffer.count))
    }
  }
}
