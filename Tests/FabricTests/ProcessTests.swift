// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Foundation
import Glibc
import TestSupport
import Testing

/// Members in processes of their own.
@Suite(.serialized) struct ProcessTests {
  @Test("Three processes keep the contract over shared memory, and see one of them die")
  func contract() throws {
    print("seed \(runSeed)")
    let directory = try SocketDirectory()
    let addresses = directory.addresses(3).joined(separator: ",")
    let members = try (0..<3).map { rank in
      try MemberProcess([
        "--addresses", addresses, "--rank", "\(rank)", "--seed", "\(runSeed)",
      ])
    }
    for member in members {
      #expect(try member.end(seconds: 120) == 0, "\(member.output)")
      #expect(member.lines.count == FabricSuite.checks.count)
      #expect(member.lines.allSatisfy { $0.hasPrefix("kept ") }, "\(member.output)")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(left.isEmpty, "sockets are left: \(left)")
  }

  @Test("When a process is killed at any moment, the others see it once and go on")
  func killing() throws {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    for round in 0..<24 {
      let directory = try SocketDirectory()
      let addresses = directory.addresses(3).joined(separator: ",")
      let members = try (0..<3).map { rank in
        try MemberProcess(["flow", "--addresses", addresses, "--rank", "\(rank)"])
      }
      try killOne(of: members, round, &random)
    }
  }

  @Test("A /dev/shm that is far too small does not matter")
  func tinySharedMemory() throws {
    let directory = try SocketDirectory()
    let addresses = directory.addresses(2).joined(separator: ",")
    let script = """
      mount -t tmpfs -o size=64k none /dev/shm || exit 77
      head -c 200000 /dev/zero > /dev/shm/full 2> /dev/null && exit 78
      exec "$0" --all --addresses "$1" --only counter,window
      """
    let unshare = ["--map-root-user", "--mount", "/bin/bash", "-c", script]
    let child = try MemberProcess(
      unshare + [MemberProcess.check, addresses], executable: "/usr/bin/unshare")
    let code = try child.end()
    if code == 77 || (code == 1 && child.output.contains("unshare")) {
      print("skipped: this system gives no mount namespace: \(child.output)")
      return
    }
    #expect(code == 0, "\(child.output)")
    #expect(child.lines.count == 2)
    #expect(child.lines.allSatisfy { $0.hasPrefix("kept ") }, "\(child.output)")
  }

  @Test("A limit on the size of files is an error that names it, not a signal")
  func fileLimit() throws {
    let directory = try SocketDirectory()
    let addresses = directory.addresses(2).joined(separator: ",")
    let child = try MemberProcess(
      [
        "-c", "ulimit -f 64; exec \"$0\" --all --addresses \"$1\" --only counter",
        MemberProcess.check, addresses,
      ], executable: "/bin/bash")
    #expect(try child.end() == 1)
    #expect(child.output.contains("is larger than the limit of 64.0 KiB"), "\(child.output)")
    #expect(child.output.contains("ulimit -f"))
  }
}
