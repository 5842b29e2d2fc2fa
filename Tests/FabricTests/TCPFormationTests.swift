// SPDX-License-Identifier: Apache-2.0
import Environment
import Fabrics
import Memory
import Testing
import Vocabulary

@Suite struct TCPFormationTests {
  private func error(_ opened: TCPGroup.Opened) -> FabricError? {
    if case .failure(let error) = opened { error } else { nil }
  }

  @Test(arguments: [[0, 60, 120], [120, 60, 0], [60, 120, 0], [0, 0, 0]], [false, true])
  func `Members meet in whatever order they start`(delays: [Int], hasKey: Bool) throws {
    let plan = try TCPGroup.plan(3)
    let addresses = TCPGroup.addresses(3, host: hasKey ? "localhost" : "127.0.0.1")
    let formations = (0..<3).map {
      TCPGroup.formation($0, plan, addresses, key: hasKey ? HandshakePair.key() : nil)
    }
    let members = try TCPGroup.open(formations, delays: delays).map { try $0.get().fabric }
    for member in members {
      member.segment(member.rank).store(UInt64(member.rank.index + 5), at: 0)
      member.push(0, 8, .cells)
    }
    var events: [FabricEvent] = []
    let hasArrived = TCPGroup.pump(members, &events) { _ in
      members.allSatisfy { member in
        (0..<3).allSatisfy { member.segment(Rank($0)).load(0) == UInt64($0 + 5) }
      }
    }
    #expect(hasArrived && events.isEmpty)
    for member in members { member.close() }
  }

  @Test(arguments: [(true, false), (false, true), (true, true)])
  func `A member without the right key is refused on both sides`(keys: (Bool, Bool)) throws {
    let plan = try TCPGroup.plan(2)
    let addresses = TCPGroup.addresses(2)
    let other = HandshakePair.key("another key, as long as the first")
    let opened = TCPGroup.open([
      TCPGroup.formation(0, plan, addresses, key: keys.0 ? HandshakePair.key() : nil, seconds: 2),
      TCPGroup.formation(1, plan, addresses, key: keys.1 ? other : nil, seconds: 10),
    ])
    #expect(error(opened[1])?.code == .refused)
    #expect(error(opened[1])?.description.contains("rank 0 at \(addresses[0])") == true)
    // The one that listens goes on waiting, and says at the end what it refused.
    #expect(error(opened[0])?.code == .timeout)
    #expect(error(opened[0])?.message.contains("cluster key") == true)
  }

  @Test func `Members with other layouts are told both fingerprints`() throws {
    let addresses = TCPGroup.addresses(2)
    let plans = [try TCPGroup.plan(2), try TCPGroup.plan(2, payloadBytes: 4096)]
    let opened = TCPGroup.open([
      TCPGroup.formation(0, plans[0], addresses, key: HandshakePair.key(), seconds: 2),
      TCPGroup.formation(1, plans[1], addresses, key: HandshakePair.key(), seconds: 10),
    ])
    for (index, text) in opened.map({ error($0)?.message ?? "no error" }).enumerated() {
      #expect(text.contains("0x" + String(plans[0].fingerprint, radix: 16)), "rank \(index)")
      #expect(text.contains("0x" + String(plans[1].fingerprint, radix: 16)), "rank \(index)")
    }
  }

  @Test func `Another version is refused`() throws {
    let plan = try TCPGroup.plan(2)
    let addresses = TCPGroup.addresses(2)
    let formation = TCPGroup.formation(0, plan, addresses, seconds: 2)
    let opening = Background { TCPGroup.open([formation])[0] }
    let port = try #require(Int(addresses[0].split(separator: ":")[1]))
    let socket = try RawSocket(connectingTo: port)
    var hello = Hello(TCPGroup.formation(1, plan, addresses))
    hello.version = 9
    var handshake = Handshake(
      role: .initiator, mine: hello, key: nil, expected: RankSet([Rank(0)]), peer: "rank 0")
    let step = try socket.greet(&handshake)
    let words = "version \(Hello.currentVersion) of the hello, this member version 9"
    #expect(step?.error?.message.contains(words) == true)
    #expect(error(opening.wait())?.code == .timeout)
  }

  @Test func `A rank that is here already is refused, and the group forms`() throws {
    let plan = try TCPGroup.plan(3)
    let addresses = TCPGroup.addresses(3)
    let opened = TCPGroup.open(
      [0, 1, 1, 2].map { TCPGroup.formation($0, plan, addresses, seconds: 10) },
      delays: [0, 0, 400, 900])
    // The second rank 1 cannot listen where the first one does, or is refused by rank 0.
    let refused = error(opened[2])
    #expect(refused?.code == .address)
    let members = try [0, 1, 3].map { try opened[$0].get().fabric }
    for member in members { member.close() }

    // Another host's second rank 1, which listens elsewhere.
    let own = TCPGroup.addresses(3)
    var elsewhere = own
    elsewhere[1] = TCPGroup.addresses(1)[0]
    let again = TCPGroup.open(
      [(0, own), (1, own), (1, elsewhere), (2, own)].map {
        TCPGroup.formation($0.0, plan, $0.1, seconds: 10)
      }, delays: [0, 0, 400, 900])
    let taken = error(again[2])
    #expect(taken?.code == .refused)
    #expect(taken?.message.contains("rank 1, and that rank is there already") == true)
    for index in [0, 1, 3] { try again[index].get().fabric.close() }
  }

  @Test func `A port in use is named, with what to do`() throws {
    let port = TCPGroup.freePort()
    let other = try RawSocket(listeningOn: port)
    let addresses = ["127.0.0.1:\(port)"] + TCPGroup.addresses(1)
    let opened = TCPGroup.open([TCPGroup.formation(0, try TCPGroup.plan(2), addresses)])
    let text = error(opened[0])?.description ?? ""
    #expect(error(opened[0])?.code == .address)
    #expect(text.contains("127.0.0.1:\(port), the address of rank 0, is in use"))
    #expect(text.contains("another port"))
    other.close()
  }

  @Test(arguments: [
    ("no-such-host.invalid:7000", FabricError.Code.address, "cannot resolve"),
    ("127.0.0.1", .configuration, "host:port"), ("127.0.0.1:0", .configuration, "host:port"),
    ("127.0.0.1:70000", .configuration, "host:port"), (":7000", .configuration, "names no host"),
    ("192.0.2.1:7000", .configuration, "no cluster key"),
  ])
  func `An address that makes no sense is an error at once`(
    address: String, code: FabricError.Code, words: String
  ) throws {
    let plan = try TCPGroup.plan(2)
    for addresses in [
      [address, "127.0.0.1:\(TCPGroup.freePort())"], ["127.0.0.1:\(TCPGroup.freePort())", address],
    ] {
      let rank = addresses[0] == address ? 0 : 1
      let opened = TCPGroup.open([TCPGroup.formation(rank, plan, addresses)])
      #expect(error(opened[0])?.code == code)
      #expect(error(opened[0])?.message.contains(words) == true)
      #expect(error(opened[0])?.message.contains("\(address), the address of rank \(rank)") == true)
      #expect(error(opened[0])?.advice != nil)
    }
  }

  @Test func `An address of another host cannot be listened on, and the error says so`() throws {
    let addresses = ["192.0.2.1:7000", "192.0.2.2:7000"]
    let opened = TCPGroup.open([
      TCPGroup.formation(0, try TCPGroup.plan(2), addresses, key: HandshakePair.key())
    ])
    #expect(error(opened[0])?.message.contains("not an address of this host") == true)
  }

  @Test func `Whoever does not come is named with the address and the last error`() throws {
    let addresses = TCPGroup.addresses(3)
    let opened = TCPGroup.open([
      TCPGroup.formation(1, try TCPGroup.plan(3), addresses, seconds: 1)
    ])
    let text = error(opened[0])?.message ?? ""
    #expect(error(opened[0])?.code == .timeout)
    #expect(text.contains("2 of 3 members did not come within 1 s"))
    #expect(text.contains("rank 0 at \(addresses[0]) (Connection refused (errno 111))"))
    #expect(text.contains("rank 2 at \(addresses[2]) (it did not call)"))
  }

  @Test func `Strangers who are silent, talk nonsense or are many hold nobody up`() throws {
    let plan = try TCPGroup.plan(2)
    let addresses = TCPGroup.addresses(2)
    let first = TCPGroup.formation(0, plan, addresses)
    let opening = Background { TCPGroup.open([first])[0] }
    let port = try #require(Int(addresses[0].split(separator: ":")[1]))
    var strangers: [RawSocket] = []
    for index in 0..<300 {
      let socket = try RawSocket(connectingTo: port)
      if index % 3 == 1 { try socket.send(Array("GET / HTTP/1.1\r\n\r\n".utf8)) }
      if index % 3 == 2 { try socket.send(Array("mapredH1".utf8)) }
      strangers.append(socket)
    }
    let second = TCPGroup.open([TCPGroup.formation(1, plan, addresses)])[0]
    let members = [try opening.wait().get().fabric, try second.get().fabric]
    for member in members { member.close() }
    for stranger in strangers { stranger.close() }
  }
}
