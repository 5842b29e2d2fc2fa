// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Testing
import Vocabulary

private func formation(_ addresses: [String]) throws -> Formation {
  let plans = addresses.indices.map { index in
    var segment = SegmentPlan()
    segment.add(
      "cells", byteCount: 64, kind: .cells, writers: RankSet([Rank(index)]),
      holders: RankSet(first: addresses.count))
    return segment
  }
  return Formation(rank: Rank(0), plan: try GroupPlan(plans), addresses: addresses)
}

@Suite struct TransportTests {
  private static let paths = ["/run/a", "/run/b"]
  private static let loopback = ["127.0.0.1:7000", "[::1]:7001"]
  private static let hosts = ["10.0.0.1:7000", "10.0.0.2:7000"]
  private static let owns = Transport.Device.owns(name: "mlx5_0")
  private static let absent = Transport.Device.absent(reason: "this host has no RDMA device")

  struct Case: Sendable, CustomStringConvertible {
    let asked: Transport
    let addresses: [String]
    let device: Transport.Device
    /// Nil where the settings make no sense.
    let chosen: Transport?
    let says: String
    var description: String { "\(asked) for \(addresses[0])" }
  }

  static let table = [
    Case(asked: .auto, addresses: paths, device: owns, chosen: .shm, says: "on this host"),
    Case(asked: .auto, addresses: loopback, device: owns, chosen: .tcp, says: "ports of this host"),
    Case(asked: .auto, addresses: hosts, device: owns, chosen: .verbs, says: "device mlx5_0 has"),
    Case(asked: .auto, addresses: hosts, device: absent, chosen: .tcp, says: "no RDMA device"),
    Case(
      asked: .auto, addresses: ["/run/a", "10.0.0.2:7000"], device: owns, chosen: nil,
      says: "paths (/run/a)"),
    Case(asked: .shm, addresses: paths, device: absent, chosen: .shm, says: "as asked for"),
    Case(asked: .shm, addresses: hosts, device: owns, chosen: nil, says: "cannot use 10.0.0.1"),
    Case(asked: .tcp, addresses: hosts, device: owns, chosen: .tcp, says: "as asked for"),
    Case(asked: .tcp, addresses: paths, device: owns, chosen: nil, says: "cannot use /run/a"),
    // What was asked for is tried, whatever the host has: its error says what is missing.
    Case(asked: .verbs, addresses: hosts, device: absent, chosen: .verbs, says: "as asked for"),
    Case(asked: .verbs, addresses: paths, device: owns, chosen: nil, says: "cannot use /run/a"),
  ]

  @Test(
    "the transport follows from what is asked for, the addresses and the device",
    arguments: table)
  func rule(_ row: Case) throws {
    let formation = try formation(row.addresses)
    do throws(FabricError) {
      let choice = try row.asked.choice(for: formation) { row.device }
      #expect(choice.transport == row.chosen)
      #expect(choice.description.hasPrefix("transport \(choice.transport.rawValue): "))
      #expect(choice.description.contains(row.says))
    } catch {
      #expect(row.chosen == nil, "\(error)")
      #expect(error.code == .configuration && error.message.contains(row.says), "\(error)")
    }
  }

  @Test("verbs on a host without a device end in one clear line, at once")
  func noDevice() throws {
    var formation = try formation(["127.0.0.1:7400", "127.0.0.2:7400"])
    formation.timeoutSeconds = 1
    do throws(FabricError) {
      try VerbsFabric.open(formation).close()
      Issue.record("a group of one formed")
    } catch {
      if error.code == .timeout || error.code == .address {
        print("skipped: this host has an RDMA device (\(error))")
        return
      }
      #expect(error.code == .noDevice)
      #expect(!error.description.contains("\n"))
      #expect(error.description.contains("transport tcp"), "it says what to do instead: \(error)")
    }
  }
}
