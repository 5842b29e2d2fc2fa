// SPDX-License-Identifier: Apache-2.0
import Environment
import FabricConformance
import Foundation
import Glibc
import Memory
import Synchronization
import Testing
import Vocabulary

@testable import Fabrics

/// How members of one machine come together, and what keeps them apart.
@Suite(.serialized) struct FormationTests {
  private static func plan(_ members: Int, bytes: Int = 4096) throws -> GroupPlan {
    try GroupPlan(
      (0..<members).map { index in
        var segment = SegmentPlan()
        segment.add(
          "cells", byteCount: bytes, kind: .cells, writers: RankSet([Rank(index)]),
          holders: RankSet(first: members))
        return segment
      })
  }

  /// Opens one member for each element of `plans`, on threads; the errors by rank.
  private static func open(
    _ plans: [GroupPlan], _ addresses: [String], seconds: Int = 30,
    delays: [UInt32] = [], ranks: [Int]? = nil, stay: UInt32 = 100_000
  ) -> [FabricError?] {
    let errors = Mutex<[FabricError?]>(Array(repeating: nil, count: plans.count))
    let hasEnded = CheckThreads.run(plans.count, limitSeconds: 60) { index in
      if index < delays.count { usleep(delays[index]) }
      var formation = Formation(
        rank: Rank(ranks?[index] ?? index), plan: plans[index], addresses: addresses)
      formation.timeoutSeconds = seconds
      do throws(FabricError) {
        let fabric = try SharedMemoryFabric.open(formation)
        usleep(stay)
        fabric.close()
      } catch {
        errors.withLock { $0[index] = error }
      }
    }
    #expect(hasEnded)
    return errors.withLock { $0 }
  }

  @Test("Members may come in any order", arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
  func order(_ order: [UInt32]) throws {
    let directory = try SocketDirectory()
    let plan = try Self.plan(3)
    let errors = Self.open(
      [plan, plan, plan], directory.addresses(3), delays: order.map { $0 * 150_000 })
    #expect(errors == [nil, nil, nil])
  }

  @Test("A member alone is a group")
  func alone() throws {
    let directory = try SocketDirectory()
    #expect(Self.open([try Self.plan(1)], directory.addresses(1)) == [nil])
  }

  @Test("Who waits in vain says for whom, and where")
  func timeout() throws {
    let directory = try SocketDirectory()
    let addresses = directory.addresses(3)
    let plan = try Self.plan(3)
    let errors = Self.open([plan, plan], addresses, seconds: 1, ranks: [0, 1])
    for error in errors {
      let error = try #require(error)
      #expect(error.code == .timeout)
      #expect(error.message.contains("rank 2 (\(addresses[2]))"))
      #expect(error.message.contains("within 1 s"))
      #expect(!error.message.contains(addresses[0]) && !error.message.contains(addresses[1]))
    }
    #expect(!FileManager.default.fileExists(atPath: addresses[0]), "a socket is left")
  }

  @Test("Another layout of memory is refused, and both sides are told")
  func fingerprint() throws {
    let directory = try SocketDirectory()
    let errors = Self.open(
      [try Self.plan(2), try Self.plan(2, bytes: 8192)], directory.addresses(2))
    for error in errors {
      #expect(error?.code == .refused)
      #expect(error?.message.contains("another layout of memory") == true)
      #expect(error?.advice != nil)
    }
  }

  @Test(
    "What a dead process left is replaced; a file, a live socket, no directory are errors"
  )
  func places() throws {
    let directory = try SocketDirectory()
    let plan = try Self.plan(2)
    let addresses = directory.addresses(2)
    let left = try LocalSocket.listen(addresses[0])
    _ = Glibc.shutdown(left.number, Int32(SHUT_RDWR))
    let live = try LocalSocket.listen("\(directory.path)/live")
    withExtendedLifetime(live) {
      let error = Self.open([plan], ["\(directory.path)/live", addresses[1]], seconds: 1)[0]
      #expect(error?.code == .address)
      #expect(error?.message.contains("somebody listens at \(directory.path)/live") == true)
    }
    #expect(Self.open([plan, plan], addresses) == [nil, nil])
    try Data("x".utf8).write(to: URL(fileURLWithPath: "\(directory.path)/file"))
    let file = Self.open([plan], ["\(directory.path)/file", addresses[1]], seconds: 1)[0]
    #expect(file?.message.contains("is there and is not a socket") == true)
    #expect(FileManager.default.fileExists(atPath: "\(directory.path)/file"))
    let missing = Self.open([plan], ["\(directory.path)/no/a", addresses[1]], seconds: 1)[0]
    #expect(missing?.code == .address)
    #expect(missing?.advice == "make the directory first")
    let long = Self.open([plan], [directory.path + "/" + String(repeating: "a", count: 99), "b"])
    #expect(long[0]?.code == .address)
    #expect(long[0]?.message.contains("107") == true)
  }

  @Test("The socket is for its user alone")
  func permissions() throws {
    let directory = try SocketDirectory()
    let socket = try LocalSocket.listen("\(directory.path)/a")
    var status = stat()
    #expect(unsafe lstat("\(directory.path)/a", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
    withExtendedLifetime(socket) {}
  }

  @Test("Strangers at the door do not keep members from meeting")
  func strangers() throws {
    let directory = try SocketDirectory()
    let addresses = directory.addresses(2)
    let plan = try Self.plan(2)
    let isOver = Atomic<Bool>(false)
    let strangers = Atomic<Int>(0)
    _ = CheckThreads.run(2, limitSeconds: 60) { index in
      if index == 0 {
        #expect(Self.open([plan, plan], addresses, delays: [0, 2_000_000]) == [nil, nil])
        isOver.store(true, ordering: .relaxed)
        return
      }
      while !isOver.load(ordering: .relaxed) {
        if case .made(let socket)? = try? LocalSocket.connect(addresses[0]) {
          strangers.add(1, ordering: .relaxed)
          _ = LocalSocket.send(Array("GET / HTTP/1.0".utf8), [], to: socket)
        }
        usleep(5_000)
      }
    }
    #expect(strangers.load(ordering: .relaxed) > 0)
  }

  @Test("Two members with one rank are told so")
  func sameRank() throws {
    let directory = try SocketDirectory()
    let addresses = directory.addresses(3)
    let plan = try Self.plan(3)
    let errors = Self.open([plan, plan, plan], addresses, seconds: 2, ranks: [0, 2, 2])
    #expect(errors.allSatisfy { $0 != nil })
    #expect(errors.contains { $0?.code == .address || $0?.code == .refused })
  }

  @Test("More memory than there is, is an error that says how much")
  func memory() throws {
    let directory = try SocketDirectory()
    let error = Self.open([try Self.plan(1, bytes: 1 << 45)], directory.addresses(1))[0]
    #expect(error?.code == .memory)
    #expect(error?.message.contains("32.0 TiB") == true)
    #expect(error?.advice?.contains("smaller rings") == true)
  }

  @Test("Nobody can shrink a segment or map it to write")
  func seals() throws {
    let file = try MemoryFile.create("mapred-segment.test.0", byteCount: 8192)
    let plan = try Self.plan(1, bytes: 8192)
    let own = try SharedSegment(own: file, plan: plan.segments[0])
    let number = file.descriptor.number
    #expect(ftruncate(number, 4096) == -1 && errno == EPERM)
    let again = unsafe mmap(nil, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0)
    #expect(unsafe again == MAP_FAILED)
    own.segment.store(7, at: 8)
    let seen = try SharedSegment(peer: file, plan: plan.segments[0], heldBy: Rank(0))
    #expect(seen.segment.load(8) == 7)
  }

  @Test("A group leaves no descriptor, mapping or thread behind")
  func leaks() throws {
    let directory = try SocketDirectory()
    let plan = try Self.plan(3)
    func count(_ path: String) -> Int {
      (try? FileManager.default.contentsOfDirectory(atPath: path).count) ?? -1
    }
    _ = Self.open([plan, plan, plan], directory.addresses(3))
    func segments() throws -> Int {
      let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
      return maps.split(separator: "\n").count { $0.contains("mapred-segment") }
    }
    let descriptors = count("/proc/self/fd")
    let mapped = try segments()
    for _ in 0..<60 {
      // Members go at once, whether or not the others are together already.
      let errors = Self.open([plan, plan, plan], directory.addresses(3), stay: 0)
      #expect(errors == [nil, nil, nil])
    }
    // Tests beside this one come and go, but one for each member would be 180.
    #expect(count("/proc/self/fd") < descriptors + 100)
    #expect(try segments() < mapped + 100)
  }
}
