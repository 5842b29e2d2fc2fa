// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Glibc
import Memory
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import Fabrics

/// Groups that are formed one after the other at the same addresses: members are ahead or behind,
/// and give up what will not come.
@Suite(.serialized) struct EpochTests {
  enum Way: String, CaseIterable, Sendable {
    case shm
    case tcp
    case tcpListening
    /// The first two members on one host.
    case mixed

    func open(_ formation: Formation) throws(FabricError) -> any Fabric {
      if self == .shm { return try SharedMemoryFabric.open(formation) }
      if self == .mixed { return try MixedFabric.open(formation) }
      return try TCPFabric.open(formation)
    }
  }

  /// Where members are, and their listeners where they keep one.
  private struct Place: Sendable {
    let way: Way
    let plan: GroupPlan
    let addresses: [String]
    let listeners: [DataListener]
    private let directory: SocketDirectory

    init(_ way: Way, _ members: Int) throws {
      self.way = way
      plan = try TCPGroup.plan(members)
      directory = try SocketDirectory()
      listeners =
        try way == .tcpListening || way == .mixed
        ? (0..<members).map { _ in try DataListener.open("127.0.0.1:0") } : []
      addresses =
        switch way {
        case .shm: directory.addresses(members)
        case .tcp: TCPGroup.addresses(members)
        case .tcpListening, .mixed: listeners.map(\.address)
        }
    }

    func formation(
      _ rank: Int, epoch: UInt64, seconds: Int = 30, _ cancellation: Cancellation? = nil
    ) -> Formation {
      var formation = TCPGroup.formation(rank, plan, addresses, seconds: seconds)
      if way == .mixed {
        let places = addresses.enumerated().map { index, address in
          MemberPlace(
            host: index < 2 ? "a" : "b", path: "\(directory.path)/m\(index)", address: address)
        }
        formation = Formation(rank: Rank(rank), plan: plan, places: places)
        formation.timeoutSeconds = seconds
      }
      formation.epoch = epoch
      formation.cancellation = cancellation
      formation.listener = listeners.isEmpty ? nil : listeners[rank]
      return formation
    }

    /// Opens a member on a thread of its own, and closes it when all are there; its error.
    func opening(_ formation: Formation) -> Background<FabricError?> {
      Background {
        do throws(FabricError) {
          let fabric = try way.open(formation)
          meet(fabric)
          fabric.close()
          return nil
        } catch {
          return error
        }
      }
    }

    /// Waits until all members have seen this one, and it has seen them.
    private func meet(_ fabric: any Fabric) {
      let peers = fabric.plan.members.removing(fabric.rank)
      var events: [FabricEvent] = []
      fabric.segment(fabric.rank).store(1, at: 0)
      fabric.push(0, 8, .cells)
      let end = TCPGroup.seconds() + 20
      while events.isEmpty, TCPGroup.seconds() < end,
        peers.contains(where: { fabric.segment($0).load(0) == 0 })
      {
        fabric.arm()
        if fabric.poll(into: &events) {
          fabric.disarm()
        } else {
          fabric.park(nanoseconds: 1_000_000)
        }
      }
    }
  }

  @Test(
    "Members of different epochs do not meet, and say which", arguments: Way.allCases)
  func apart(way: Way) throws {
    let place = try Place(way, 2)
    let both = (0..<2).map {
      place.opening(place.formation($0, epoch: UInt64(5 + $0), seconds: 4))
    }
    for error in both.map({ $0.wait() }) {
      let error = try #require(error)
      #expect(error.code == .timeout, "another epoch is no error by itself")
      #expect(error.message.contains("epoch 5") || error.message.contains("of 5"))
      #expect(error.message.contains("epoch 6") || error.message.contains("of 6"))
    }
  }

  @Test("What a member said is told also after it has gone")
  func goneAfterRefusal() throws {
    var caller = Caller(Rank(0), at: try SocketAddress.resolve("127.0.0.1:1", of: "rank 0"))
    caller.lose("Connection refused")
    #expect(caller.reason == "Connection refused")
    caller.lose(toRefusal: "it forms the group of epoch 5")
    #expect(caller.reason == "it forms the group of epoch 5")
    caller.lose("Connection refused")
    #expect(caller.reason == "Connection refused; before that, it forms the group of epoch 5")
  }

  @Test(
    "A member that is behind is called until it follows", arguments: Way.allCases, [0, 1])
  func behind(way: Way, late: Int) throws {
    let place = try Place(way, 3)
    let cancellation = Cancellation()
    let old = place.opening(place.formation(late, epoch: 7, cancellation))
    let others = [0, 1, 2].filter { $0 != late }.map {
      place.opening(place.formation($0, epoch: 8))
    }
    // Long enough that they have met; the group forms all the same where they have not.
    usleep(50_000)
    cancellation.cancel()
    #expect(old.wait()?.code == .cancelled)
    let new = place.opening(place.formation(late, epoch: 8))
    #expect(new.wait() == nil)
    #expect(others.map { $0.wait() } == [nil, nil])
  }

  @Test("A group that nobody else forms is given up when another thread says so")
  func cancelled() throws {
    for way in Way.allCases {
      let place = try Place(way, 3)
      for rank in 0..<3 {
        for isEarly in [true, false] {
          let cancellation = Cancellation()
          if isEarly { cancellation.cancel() }
          let opening = place.opening(place.formation(rank, epoch: 3, cancellation))
          if !isEarly { usleep(20_000) }
          cancellation.cancel()
          let error = try #require(opening.wait())
          #expect(error.code == .cancelled)
          #expect(error.message.contains("rank \(rank)") && error.message.contains("epoch 3"))
        }
      }
    }
  }

  @Test("A large segment is not reserved to its end once the group is given up")
  func cancelledReserving() throws {
    let calls = Mutex(0)
    #expect(throws: FabricError.self) {
      _ = try MemoryFile.create("mapred-test", byteCount: 64 << 20) { () throws(FabricError) in
        let count = calls.withLock { count in
          count += 1
          return count
        }
        if count == 2 { throw FabricError(.cancelled, "enough") }
      }
    }
    #expect(calls.withLock { $0 } == 2)
  }

  @Test(
    "Groups follow each other, whoever is ahead or gives up", arguments: Way.allCases)
  func succession(way: Way) throws {
    print("succession over \(way), seed \(runSeed)")
    let place = try Place(way, 3)
    let members = (0..<3).map { rank in
      Background<[String]> {
        var random = RandomSource(runSeed &+ rank)
        var failures: [String] = []
        for epoch in 0..<40 {
          // All give up each third group, each at another moment; some may have formed it by then.
          let cancellation = Cancellation()
          usleep(UInt32(random.number(0...3_000)))
          let opening = place.opening(
            place.formation(rank, epoch: UInt64(epoch), seconds: 20, cancellation))
          if epoch % 3 == 1 {
            usleep(UInt32(random.number(0...6_000)))
            cancellation.cancel()
          }
          guard let error = opening.wait() else { continue }
          if epoch % 3 != 1 || error.code != .cancelled {
            failures.append("rank \(rank), epoch \(epoch): \(error)")
          }
        }
        return failures
      }
    }
    for member in members { #expect(member.wait() == []) }
  }
}
