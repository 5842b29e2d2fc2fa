// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import Testing
import Vocabulary

@testable import Fabrics

/// How members of several hosts come together, and what keeps them apart.
@Suite(.serialized) struct MixedFormationTests {
  private static func formation(
    _ rank: Int, _ hosts: [String], _ addresses: [String], _ directory: SocketDirectory,
    seconds: Int = 20
  ) throws -> Formation {
    let places = zip(hosts, addresses).map { host, address in
      MemberPlace(host: host, path: directory.path + "/" + address.suffix(5), address: address)
    }
    var formation = Formation(
      rank: Rank(rank), plan: try TCPGroup.plan(hosts.count), places: places)
    formation.timeoutSeconds = seconds
    return formation
  }

  private static func open(_ formations: [Formation]) -> [FabricError?] {
    formations.map { formation in
      Background<FabricError?> {
        do throws(FabricError) {
          let (fabric, _) = try Transport.auto.open(formation)
          fabric.close()
          return nil
        } catch {
          return error
        }
      }
    }.map { $0.wait() }
  }

  @Test("Members that disagree on who is on which host do not form a group, and say who is missing")
  func disagreement() throws {
    let directory = try SocketDirectory()
    let addresses = TCPGroup.addresses(3)
    let formations = [
      try Self.formation(0, ["a", "a", "b"], addresses, directory, seconds: 1),
      try Self.formation(1, ["a", "b", "b"], addresses, directory, seconds: 1),
      try Self.formation(2, ["a", "b", "a"], addresses, directory, seconds: 1),
    ]
    for error in Self.open(formations) {
      let error = try #require(error)
      #expect(error.code == .timeout || error.code == .refused, "\(error)")
      #expect(error.message.contains("rank "), "\(error)")
    }
  }

  @Test("What is for a segment that is seen in place is refused, and written nowhere")
  func inPlace() throws {
    let plan = try TCPGroup.plan(3)
    let header = FrameHeader(
      owner: 1, kind: .payload, offset: TCPGroup.payload, byteCount: 8
    ).encoded
    for inPlace in [RankSet(), RankSet([Rank(0), Rank(1)])] {
      var decoder = FrameDecoder(plan: plan, me: Rank(0), peer: Rank(2), inPlace: inPlace)
      var writes = 0
      (header + [UInt8](repeating: 1, count: 8)).withBytes { bytes in
        decoder.decode(bytes) { _ in writes += 1 }
      }
      #expect(decoder.refusal == (inPlace.isEmpty ? nil : .inPlace(owner: 1)))
      #expect(writes == (inPlace.isEmpty ? 1 : 0))
    }
  }

  struct Case: Sendable, CustomStringConvertible {
    let asked: Transport
    let hosts: [String]
    /// Nil where it makes no sense.
    let chosen: Transport?
    let says: String
    var description: String { "\(asked) for \(hosts)" }
  }

  static let table = [
    Case(asked: .auto, hosts: ["a", "a", "a"], chosen: .shm, says: "on this host"),
    Case(asked: .auto, hosts: ["a", "b", "c"], chosen: .tcp, says: "ports of this host"),
    Case(asked: .auto, hosts: ["a", "a", "b"], chosen: .mixed, says: "share memory"),
    Case(asked: .auto, hosts: ["a", "b", "b"], chosen: .mixed, says: "share memory"),
    Case(asked: .mixed, hosts: ["a", "a", "a"], chosen: .mixed, says: "share memory"),
    Case(asked: .shm, hosts: ["a", "a", "b"], chosen: nil, says: "several hosts"),
    Case(asked: .tcp, hosts: ["a", "a", "b"], chosen: nil, says: "shares no memory"),
    Case(asked: .tcp, hosts: ["a", "b", "b"], chosen: .mixed, says: "over tcp"),
    Case(asked: .tcp, hosts: ["a", "b", "c"], chosen: .tcp, says: "as asked for"),
    Case(asked: .verbs, hosts: ["a", "a", "b"], chosen: nil, says: "shares no memory"),
  ]

  @Test("the transport of members with places follows from their hosts", arguments: table)
  func rule(_ row: Case) throws {
    let formation = try Self.formation(
      0, row.hosts, row.hosts.indices.map { "127.0.0.1:7\($0)" }, try SocketDirectory())
    do throws(FabricError) {
      let choice = try row.asked.choice(for: formation) { .absent(reason: "none") }
      #expect(choice.transport == row.chosen)
      #expect(choice.description.contains(row.says), "\(choice)")
      for (line, peer) in zip(choice.pairs(of: formation), 1..<3) {
        let isNear = choice.transport != .tcp && row.hosts[peer] == row.hosts[0]
        #expect(line.contains(isNear ? ": shm, it is on this host" : ": tcp, it is on another"))
      }
    } catch {
      #expect(row.chosen == nil, "\(error)")
      #expect(error.code == .configuration && error.message.contains(row.says), "\(error)")
    }
  }
}
