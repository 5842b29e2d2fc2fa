// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// Clients that ask a store without a pause, all on one thread: what they cost is the same for each
/// store, but for its protocol.
struct StoreLoad {
  let work: StoreWork
  let clients: Int
  let valueBytes: Int
  /// Seconds that do not count, and those that do.
  let warmUp: Double
  let seconds: Double

  private struct Turn {
    var started: UInt64 = 0
    var key = 0
  }

  /// Runs them against a cluster. `first` is the member that the first client talks to.
  func run(on cluster: StoreCluster, first: Int) throws -> Sample {
    let value = Self.value(valueBytes)
    guard let epoll = Epoll() else { throw BenchmarkError.system("epoll") }
    let members = cluster.members
    let connections = try (0..<clients).map { client in
      try cluster.client(of: members[(first + client) % members.count])
    }
    var turns = [Turn](repeating: Turn(), count: clients)
    for client in connections.indices {
      guard
        epoll.watch(
          connections[client].descriptor, token: client, reading: true, writing: false,
          isKnown: false)
      else { throw BenchmarkError.system("epoll_ctl") }
      turns[client] = Turn(started: monotonicNanoseconds(), key: client % StoreKey.count)
      try connections[client].ask(work, key: turns[client].key, value: value)
    }
    var tally = Tally(begin: monotonicNanoseconds() + UInt64(warmUp * 1e9), seconds: seconds)
    var failure: (any Error)?
    var last = monotonicNanoseconds()
    var cpu = 0.0
    while failure == nil {
      let now = monotonicNanoseconds()
      if !tally.hasBegun, now >= tally.begin {
        tally.hasBegun = true
        cpu = cluster.cpuSeconds
        tally.start(now)
      }
      if tally.hasBegun, now >= tally.end { break }
      guard now - last < 20_000_000_000 else { throw BenchmarkError("\(cluster.name) hangs") }
      epoll.wait(nanoseconds: 100_000_000) { change in
        do {
          guard try connections[change.token].receive() else { return }
          let now = monotonicNanoseconds()
          last = now
          tally.add(from: turns[change.token].started, to: now)
          turns[change.token].key = (turns[change.token].key + clients) % StoreKey.count
          turns[change.token].started = now
          try connections[change.token].ask(work, key: turns[change.token].key, value: value)
        } catch {
          failure = error
        }
      }
    }
    if let failure { throw failure }
    try Interruption.check()
    return tally.sample(cpu: cluster.cpuSeconds - cpu)
  }

  static func value(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: 0x20 + $0 % 90) }
  }
}

/// What was done in the time that counts.
private struct Tally {
  let begin: UInt64
  private let nanoseconds: UInt64
  private var started: UInt64 = 0
  private(set) var end: UInt64 = .max
  var hasBegun = false
  private var delays = DelayHistogram()

  init(begin: UInt64, seconds: Double) {
    self.begin = begin
    nanoseconds = UInt64(seconds * 1e9)
  }

  mutating func start(_ now: UInt64) {
    started = now
    end = now + nanoseconds
  }

  mutating func add(from start: UInt64, to now: UInt64) {
    if hasBegun, now < end { delays.add(now - start) }
  }

  func sample(cpu: Double) -> Sample {
    let wall = Double(nanoseconds) / 1e9
    var sample = Sample(wall: wall, cpu: cpu)
    sample.figures["operations"] = Double(delays.count) / wall
    if delays.count > 0 { sample.figures["cpu/op"] = cpu / Double(delays.count) * 1e6 }
    for (name, part) in [("p50", 0.5), ("p99", 0.99)] {
      if let delay = delays.percentile(part) { sample.figures[name] = delay / 1e3 }
    }
    return sample
  }
}
