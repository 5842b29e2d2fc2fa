// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

/// Groups of processes that multicast to each other.
@Suite(.serialized) struct MulticastProcessTests {
  /// Ports of this process, below those that the system gives out.
  private static func port(_ place: Int) -> String {
    "127.0.0.1:\(11_000 + Int(getpid()) % 400 * 40 + place)"
  }

  /// Runs a group, and returns what its members printed; all have to end well.
  private func run(_ transport: String, _ addresses: [String], _ options: [String]) throws
    -> [String]
  {
    let members = try addresses.indices.map { rank in
      try MemberProcess(
        [
          "multicast", "--transport", transport, "--addresses",
          addresses.joined(separator: ","), "--rank", "\(rank)",
        ] + options)
    }
    return try members.map { member in
      let code = try member.end(seconds: 120)
      #expect(code == 0, "\(member.output)")
      return member.lines.last ?? ""
    }
  }

  @Test("processes deliver the same messages in the same order, over shared memory")
  func sharedMemory() throws {
    let directory = try SocketDirectory()
    let said = try run("shm", directory.addresses(3), ["--messages", "300"])
    #expect(said[0].hasPrefix("delivered 900 messages, digest "))
    #expect(Set(said).count == 1, "\(said)")
  }

  @Test(
    "processes deliver the same messages in the same order, over TCP, by each way of blocks",
    arguments: ["binomial", "chain", "sequential", "tree"].enumerated().map { $0 })
  func tcp(_ place: Int, algorithm: String) throws {
    let addresses = (0..<5).map { Self.port(5 * place + $0) }
    let said = try run(
      "tcp", addresses,
      ["--messages", "40", "--send-only", "1", "--algorithm", algorithm, "--block-bytes", "4096"])
    #expect(said[0] == "sent 40 messages")
    #expect(said[1].hasPrefix("delivered 200 messages, digest "))
    #expect(Set(said.dropFirst()).count == 1, "\(said)")
  }
}
