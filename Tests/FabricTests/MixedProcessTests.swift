// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Foundation
import Glibc
import TestSupport
import Testing

/// Members in processes of their own, on hosts that are said to be different.
@Suite(.serialized) struct MixedProcessTests {
  /// What tells members where they are; as many ports behind each address as a run takes.
  private func options(_ hosts: String, _ directory: SocketDirectory) -> [String] {
    let places = hosts.split(separator: ",").map { _ in
      "127.0.0.1:\(TCPGroup.freePort(before: FabricSuite.checks.count))"
    }
    return [
      "--transport", "mixed", "--addresses", places.joined(separator: ","), "--hosts", hosts,
      "--sockets", directory.path,
    ]
  }

  @Test("Processes on two hosts keep the contract, and see one of them die")
  func contract() throws {
    print("seed \(runSeed)")
    let directory = try SocketDirectory()
    let options = options("a,b,a", directory)
    let members = try (0..<3).map { rank in
      try MemberProcess(options + ["--rank", "\(rank)", "--seed", "\(runSeed)"])
    }
    for member in members {
      #expect(try member.end(seconds: 120) == 0, "\(member.output)")
      #expect(member.lines.count == FabricSuite.checks.count)
      #expect(member.lines.allSatisfy { $0.hasPrefix("kept ") }, "\(member.output)")
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(left.isEmpty, "sockets are left: \(left)")
  }

  @Test("When a process is killed at any moment, those of both hosts see it once and go on")
  func killing() throws {
    print("seed \(runSeed)")
    var random = RandomSource(runSeed)
    for round in 0..<12 {
      let directory = try SocketDirectory()
      let options = options("a,a,b,b", directory)
      let members = try (0..<4).map { rank in
        try MemberProcess(["flow"] + options + ["--rank", "\(rank)"])
      }
      try withExtendedLifetime(directory) { try killOne(of: members, round, &random) }
    }
  }

  @Test(
    "processes of several hosts deliver the same messages in the same order, by each way of blocks",
    arguments: ["binomial", "chain", "sequential", "tree"], ["a,a,b,b,c", "a,b,a,b"])
  func multicast(algorithm: String, hosts: String) throws {
    let directory = try SocketDirectory()
    let options = options(hosts, directory)
    let count = hosts.split(separator: ",").count
    let members = try (0..<count).map { rank in
      try MemberProcess(
        ["multicast"] + options + [
          "--rank", "\(rank)", "--messages", "40", "--send-only", "1", "--algorithm", algorithm,
          "--block-bytes", "4096",
        ])
    }
    let said = try withExtendedLifetime(directory) {
      try members.map { member in
        let code = try member.end(seconds: 120)
        #expect(code == 0, "\(member.output)")
        return member.lines.last ?? ""
      }
    }
    #expect(said[0] == "sent 40 messages")
    #expect(said[1].hasPrefix("delivered \(40 * count) messages, digest "))
    #expect(Set(said.dropFirst()).count == 1, "\(said)")
  }
}
