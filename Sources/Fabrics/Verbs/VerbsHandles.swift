// SPDX-License-Identifier: Apache-2.0
import CSystem
import Environment
import Glibc
import Vocabulary

// The objects of the libraries, each given back by the last reference: what needs another one holds
// it, so they go in the order that the libraries ask for.

/// Where events of connections arrive.
@safe final class VerbsChannel {
  // Safe because the handle is opened here, and closed when nobody holds this object.
  let handle: OpaquePointer

  /// Throws where there are no libraries or no device.
  init() throws(FabricError) {
    let loaded = mapred_verbs_load()
    guard loaded == 0 else { throw VerbsErrors.load(loaded) }
    guard let handle = unsafe mapred_verbs_open_channel() else { throw VerbsErrors.noDevice(errno) }
    unsafe self.handle = unsafe handle
  }

  deinit { unsafe mapred_verbs_close_channel(handle) }

  var descriptor: Int32 { unsafe mapred_verbs_channel_fd(handle) }

  /// The next event that waits.
  func next() -> mapred_verbs_event? {
    var event = unsafe mapred_verbs_event()
    return unsafe mapred_verbs_next_event(handle, &event) == 0 ? event : nil
  }
}

/// An open device, and what is used on it together.
@safe final class VerbsDomain {
  // Safe because the identifier keeps the device open, and the handle is closed when nobody holds
  // this object.
  let handle: OpaquePointer
  let device: OpaquePointer
  let limits: DeviceLimits
  private let identifier: VerbsIdentifier

  /// `identifier` is bound to an address of the device.
  init(_ identifier: VerbsIdentifier, _ address: String) throws(FabricError) {
    guard let device = unsafe mapred_verbs_id_device(identifier.handle) else {
      throw VerbsErrors.bind(address, ENODEV)
    }
    let name = unsafe String(cString: mapred_verbs_device_name(device))
    var found = mapred_verbs_limits()
    let status = unsafe mapred_verbs_query(identifier.handle, &found)
    guard status == 0 else { throw VerbsErrors.device(name, "to tell its limits", status) }
    guard let handle = unsafe mapred_verbs_open_domain(device) else {
      throw VerbsErrors.device(name, "a protection domain", errno)
    }
    var limits = DeviceLimits()
    limits.name = name
    limits.memoryBytes = found.memory_bytes
    limits.messageBytes = found.message_bytes
    limits.queueDepth = Int(found.queue_depth)
    limits.completions = Int(found.completions)
    limits.pieces = Int(found.pieces)
    limits.connections = Int(found.connections)
    limits.isIWARP = found.is_iwarp != 0
    self.limits = limits
    self.identifier = identifier
    unsafe self.device = unsafe device
    unsafe self.handle = unsafe handle
  }

  deinit { _ = unsafe mapred_verbs_close_domain(handle) }
}

/// Memory of this process alone, all zeroes, of whole pages.
@safe final class VerbsMapping: Sendable {
  // Safe because it is mapped here and unmapped when nobody holds this object; an address may be
  // sent, and what is done with it is for the holder to know.
  let address: UInt
  let byteCount: Int
  /// Kept open, so that an inspector finds copies of segments by their names.
  private let files: [MemoryFile]

  convenience init(byteCount: Int) throws(FabricError) {
    try self.init(byteCount: byteCount, files: [])
  }

  /// Memory for the copies of all segments of a plan.
  convenience init(_ plan: GroupPlan, _ layout: CopyLayout) throws(FabricError) {
    var files: [(MemoryFile, Int)] = []
    for owner in plan.members where plan.segments[owner.index].byteCount > 0 {
      let file = try MemoryFile.sparse(
        MemoryFile.name(of: owner, in: plan), byteCount: plan.segments[owner.index].byteCount)
      files.append((file, layout.offsets[owner.index]))
    }
    try self.init(byteCount: max(layout.byteCount, Limits.pageBytes), files: files)
  }

  private init(byteCount: Int, files: [(MemoryFile, Int)]) throws(FabricError) {
    let mapped = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    let found = UInt(bitPattern: mapped)
    guard found != 0, found != .max else {
      throw FabricError(
        .memory, "no \(byteCount) bytes of memory: \(errorText(errno))",
        advice: "use smaller windows, or a host with more memory")
    }
    address = found
    self.byteCount = byteCount
    self.files = files.map(\.0)
    for (file, offset) in files {
      let flags = MAP_SHARED | MAP_FIXED
      let place = unsafe mmap(
        pointer(offset), file.byteCount, PROT_READ | PROT_WRITE, flags, file.descriptor.number, 0)
      guard UInt(bitPattern: place) == found + UInt(offset) else {
        throw .system("cannot map the copy of a segment", errno)
      }
    }
  }

  deinit { _ = unsafe munmap(pointer(0), byteCount) }

  /// The memory at an offset, which has to be inside.
  func pointer(_ offset: Int) -> UnsafeMutableRawPointer {
    precondition(offset >= 0 && offset <= byteCount, "an offset outside of the mapping")
    guard let pointer = unsafe UnsafeMutableRawPointer(bitPattern: address + UInt(offset)) else {
      preconditionFailure("mapped memory has an address")
    }
    return unsafe pointer
  }
}

/// A mapping that the device may read, and peers may write where it says so.
@safe final class VerbsRegistration {
  // Safe because the mapping outlives the handle, which is closed once.
  private var handle: OpaquePointer?
  let localKey: UInt32
  let remoteKey: UInt32
  let mapping: VerbsMapping
  private let domain: VerbsDomain

  init(
    _ mapping: VerbsMapping, in domain: VerbsDomain, isWritableByPeers: Bool
  ) throws(FabricError) {
    let handle = unsafe mapred_verbs_register(
      domain.handle, mapping.pointer(0), mapping.byteCount, isWritableByPeers ? 1 : 0)
    guard let handle = unsafe handle else {
      throw VerbsErrors.register(
        mapping.byteCount, limit: VerbsErrors.lockedBytesLimit(), errno)
    }
    localKey = unsafe mapred_verbs_local_key(handle)
    remoteKey = unsafe mapred_verbs_remote_key(handle)
    unsafe self.handle = unsafe handle
    self.mapping = mapping
    self.domain = domain
  }

  deinit { end() }

  /// From now on the device neither reads nor writes the memory.
  func end() {
    if let open = unsafe handle { _ = unsafe mapred_verbs_deregister(open) }
    unsafe handle = nil
  }
}

/// The queue in which all requests of a fabric complete, and the bell that it rings.
@safe final class VerbsCompletions {
  // Safe because both handles are opened here, and closed when nobody holds this object.
  let handle: OpaquePointer
  private let bell: OpaquePointer
  private let domain: VerbsDomain

  init(_ count: Int, in domain: VerbsDomain) throws(FabricError) {
    guard let bell = unsafe mapred_verbs_open_bell(domain.device) else {
      throw VerbsErrors.device(domain.limits.name, "a completion channel", errno)
    }
    guard
      let handle = unsafe mapred_verbs_open_completions(domain.device, Int32(count), bell)
    else {
      let code = errno
      _ = unsafe mapred_verbs_close_bell(bell)
      throw VerbsErrors.device(domain.limits.name, "a queue of \(count) completions", code)
    }
    unsafe self.bell = unsafe bell
    unsafe self.handle = unsafe handle
    self.domain = domain
  }

  deinit {
    _ = unsafe mapred_verbs_close_completions(handle)
    _ = unsafe mapred_verbs_close_bell(bell)
  }

  var descriptor: Int32 { unsafe mapred_verbs_bell_fd(bell) }

  /// The next completion makes the descriptor readable.
  func notify() { _ = unsafe mapred_verbs_notify(handle) }

  /// Takes what made the descriptor readable.
  func takeBell() { _ = unsafe mapred_verbs_take_bell(bell) }

  /// Fills `completions` from its start, and returns how many.
  func poll(_ completions: inout [mapred_verbs_completion]) -> Int {
    let capacity = Int32(completions.count)
    return unsafe completions.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return 0 }
      return max(0, Int(unsafe mapred_verbs_poll(handle, base, capacity)))
    }
  }
}

/// A listener or one end of a connection, and its queue pair.
@safe final class VerbsIdentifier {
  // Safe because the handle is given back when nobody holds this object, after its queue pair, and
  // what the queue pair uses is held until then.
  let handle: OpaquePointer
  private let channel: VerbsChannel
  private var domain: VerbsDomain?
  private var completions: VerbsCompletions?

  init(_ channel: VerbsChannel) throws(FabricError) {
    guard let handle = unsafe mapred_verbs_open_id(channel.handle) else {
      throw VerbsErrors.noDevice(errno)
    }
    unsafe self.handle = unsafe handle
    self.channel = channel
  }

  /// Takes over what a request to connect brought.
  init(_ channel: VerbsChannel, adopting handle: OpaquePointer) {
    unsafe self.handle = unsafe handle
    self.channel = channel
  }

  deinit {
    if completions != nil { unsafe mapred_verbs_close_pair(handle) }
    unsafe mapred_verbs_close_id(handle)
  }

  /// What events call this one.
  var address: UInt { unsafe UInt(bitPattern: handle) }

  func bind(_ address: VerbsAddress) -> Int32 {
    unsafe address.bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return EINVAL }
      return unsafe mapred_verbs_bind(handle, base)
    }
  }

  func resolve(from source: VerbsAddress, to target: VerbsAddress, milliseconds: Int32) -> Int32 {
    unsafe source.bytes.withUnsafeBytes { source in
      unsafe target.bytes.withUnsafeBytes { target in
        guard let from = source.baseAddress, let to = target.baseAddress else { return EINVAL }
        return unsafe mapred_verbs_resolve_address(handle, from, to, milliseconds)
      }
    }
  }

  /// Makes a queue pair. `inlineBytes` is what is wanted at most; the device says what it takes
  /// only by refusing more, so less is tried until it agrees. Returns what it agreed to.
  func openPair(
    in domain: VerbsDomain, _ completions: VerbsCompletions, _ share: DeviceShare,
    inlineBytes: Int
  ) throws(FabricError) -> Int {
    var wanted = inlineBytes
    while true {
      var granted = UInt32(wanted)
      let status = unsafe mapred_verbs_open_pair(
        handle, domain.handle, completions.handle, UInt32(share.sendDepth),
        UInt32(share.receiveDepth), &granted)
      if status == 0 {
        self.domain = domain
        self.completions = completions
        return min(Int(granted), inlineBytes)
      }
      guard wanted > 0, status != ENOMEM else {
        throw VerbsErrors.device(
          domain.limits.name,
          "a queue pair of \(share.sendDepth) and \(share.receiveDepth) requests", status)
      }
      wanted /= 2
    }
  }
}
