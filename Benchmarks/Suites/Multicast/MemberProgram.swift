// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Glibc
import Memory
import Multicast
import Vocabulary

/// The program of a member: `Benchmarks member RANK ADDRESSES WORKLOAD`, which only this program
/// itself calls.
enum MemberProgram {
  static let name = "member"
  /// Bytes of the group's key, which come on standard input.
  static let keyBytes = 32

  /// Runs a member, prints its report as a line, and stays until standard input ends.
  static func run(_ arguments: [String]) -> Never {
    do {
      guard arguments.count == 3, let rank = Int(arguments[0]),
        let workload = Workload(text: arguments[2])
      else { throw BenchmarkError("usage: member RANK ADDRESSES WORKLOAD") }
      let addresses = arguments[1].split(separator: ",").map(String.init)
      let member = try MemberRun(
        workload, rank: Rank(rank), addresses: addresses, key: readKey())
      print(try member.report().line)
      fflush(nil)
      try member.stay()
      exit(0)
    } catch {
      var words = "\(error)\n"
      try? words.withUTF8Bytes { try Files.write($0, to: STDERR_FILENO) }
      exit(1)
    }
  }
}

extension MemberProgram {
  private static func readKey() throws -> ClusterKey {
    var buffer = ByteBuffer(capacity: keyBytes)
    while buffer.count < keyBytes {
      guard try Files.read(STDIN_FILENO, keyBytes - buffer.count, to: &buffer) > 0 else {
        throw BenchmarkError("the key of the group did not come on standard input")
      }
    }
    return try ClusterKey(Array(buffer.bytes))
  }
}

/// One member of a measured group.
private final class MemberRun {
  private let fabric: any Fabric
  private var member: GroupMember
  private var work: MemberWork
  private var waiter: Waiter
  /// When to look next whether the parent is still there.
  private var nextLook = nanoseconds()
  private var hasEnded = false

  init(_ workload: Workload, rank: Rank, addresses: [String], key: ClusterKey) throws {
    let layout = try GroupLayout(
      hosts: workload.transport.sharesMemory
        ? Hosts(together: workload.members) : Hosts(apart: workload.members),
      subgroups: [workload.plan])
    fabric = try workload.transport.open(
      Formation(rank: rank, plan: layout.plan, addresses: addresses, key: key)
    ).fabric
    member = GroupMember(layout, on: fabric)
    waiter = Waiter(for: fabric)
    work = MemberWork(workload, rank: rank)
  }

  private func turn() throws -> Bool {
    member.poll(fabric)
    let hasWorked = try member.turn(on: fabric) { subgroups throws(MulticastError) in
      try work.step(&subgroups[0])
    }
    if member.isWedged, !work.isDone {
      throw BenchmarkError("a member was lost: \(member.events)")
    }
    return hasWorked
  }

  private func step(parkingAtMost nanoseconds: UInt64) throws {
    if try turn() { return waiter.progressed() }
    waiter.parkNanoseconds = nanoseconds
    try waiter.wait(on: fabric) { try turn() }
    lookForParent()
  }

  /// Goes on until this member has done its part.
  func report() throws -> MemberReport {
    while !work.isDone {
      try step(parkingAtMost: work.patience)
      if hasEnded { throw BenchmarkError("nobody waits for this member") }
    }
    return work.finalReport
  }

  /// Takes part for as long as others may need it: until standard input ends.
  func stay() throws {
    while !hasEnded, !member.isWedged { try step(parkingAtMost: 2_000_000) }
    fabric.close()
  }

  /// Standard input is readable at its end alone: after the key nobody writes to it.
  private func lookForParent() {
    let now = nanoseconds()
    guard now >= nextLook else { return }
    nextLook = now + 2_000_000
    var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    if unsafe poll(&input, 1, 0) > 0 { hasEnded = true }
  }
}
