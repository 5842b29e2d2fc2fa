// SPDX-License-Identifier: Apache-2.0
import Environment
import Testing
import Vocabulary

@testable import Fabrics

/// A socket that listens for all groups of a process.
@Suite struct DataListenerTests {
  @Test("A port that the system chose can be read, and is not free any more")
  func port() throws {
    let listener = try DataListener.open("localhost:0")
    #expect(listener.port > 0)
    #expect(listener.address == "localhost:\(listener.port)")
    do throws(FabricError) {
      _ = try DataListener.open("127.0.0.1:\(listener.port)")
      Issue.record("two listen at one port")
    } catch {
      #expect(error.code == .address)
      #expect(error.description.contains("in use") && error.description.contains("another port"))
    }
  }

  @Test("Without a key a listener that other hosts reach is refused, with what to do")
  func open() throws {
    let listener = try DataListener.open("0.0.0.0:0")
    #expect(!listener.isLoopback)
    var formation = TCPGroup.formation(0, try TCPGroup.plan(2), TCPGroup.addresses(2), seconds: 1)
    formation.listener = listener
    let opened = TCPGroup.open([formation])[0]
    guard case .failure(let error) = opened else {
      Issue.record("it was opened")
      return
    }
    #expect(error.code == .configuration)
    #expect(error.description.contains("no cluster key") && error.advice != nil)
  }

  @Test("Who comes before the group is formed waits in the system's queue")
  func early() throws {
    let listeners = try (0..<2).map { _ in try DataListener.open("127.0.0.1:0") }
    let plan = try TCPGroup.plan(2)
    // Strangers and members of old groups wait there, too, and hold nobody up.
    var strangers: [RawSocket] = []
    for index in 0..<10 {
      let socket = try RawSocket(connectingTo: listeners[0].port)
      if index % 2 == 0 { socket.close() }
      strangers.append(socket)
    }
    let opening = (0..<2).reversed().map { rank in
      var formation = TCPGroup.formation(rank, plan, listeners.map(\.address))
      formation.listener = listeners[rank]
      let isFirst = rank == 0
      return Background<TCPGroup.Opened> { [formation] in
        TCPGroup.open([formation], delays: [isFirst ? 100 : 0])[0]
      }
    }
    for member in opening { try member.wait().get().fabric.close() }
    for stranger in strangers { stranger.close() }
  }
}
