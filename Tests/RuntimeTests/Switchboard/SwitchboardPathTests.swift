// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Foundation
import Glibc
import Runtime
import Testing

@Suite struct SwitchboardPathTests {
  private let directory = SocketDirectory()

  private func mode(_ path: String) throws -> UInt32 {
    var status = stat()
    try #require(unsafe lstat(path, &status) == 0)
    return status.st_mode & 0o777
  }

  private func settings(_ path: String) -> SwitchboardSettings {
    SwitchboardNode.settings(path: path)
  }

  @Test func `The socket and the directories that are made for it are this user's alone`() throws {
    let path = directory.path + "/a/b/node.sock"
    let node = try SwitchboardNode(settings(path))
    #expect(try mode(path) == 0o600)
    #expect(try mode(directory.path + "/a") == 0o700)
    #expect(try mode(directory.path + "/a/b") == 0o700)
    node.board.close()
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test func `What a dead process left behind is replaced`() throws {
    // A socket that nobody listens on any more.
    let number = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let result = unsafe LocalSocket.withAddress(directory.socket) { unsafe bind(number, $0, $1) }
    try #require(result == 0)
    Glibc.close(number)
    #expect(FileManager.default.fileExists(atPath: directory.socket))
    let node = try SwitchboardNode(settings(directory.socket))
    let client = try LocalClient(directory.socket)
    try client.send([1])
    #expect(try node.requests(1)[0].bytes == [1])
  }

  @Test func `A path where another node listens is refused, and that node goes on`() throws {
    let node = try SwitchboardNode(settings(directory.socket))
    #expect {
      _ = try SwitchboardNode(settings(directory.socket))
    } throws: { error in
      "\(error)".contains("another node listens at \(directory.socket)")
    }
    let client = try LocalClient(directory.socket)
    try client.send([1])
    #expect(try node.requests(1)[0].bytes == [1])
  }

  @Test func `A file that is no socket is left alone`() throws {
    try Data("precious".utf8).write(to: URL(fileURLWithPath: directory.socket))
    #expect {
      _ = try SwitchboardNode(settings(directory.socket))
    } throws: { error in
      "\(error)".contains("is there and is not a socket")
    }
    #expect(try mode(directory.socket) != 0)
  }

  @Test func `A path that is too long is refused`() {
    #expect {
      _ = try SwitchboardNode(settings("/tmp/" + String(repeating: "x", count: 120)))
    } throws: { error in
      "\(error)".contains("cannot be the path of a socket")
    }
  }

  @Test func `Closing leaves another node's socket alone`() throws {
    let first = try SwitchboardNode(settings(directory.socket))
    // Somebody removed the file, and another node came.
    try FileManager.default.removeItem(atPath: directory.socket)
    let second = try SwitchboardNode(settings(directory.socket))
    first.board.close()
    let client = try LocalClient(directory.socket)
    try client.send([1])
    #expect(try second.requests(1)[0].bytes == [1])
  }

  @Test func `A client says that no node listens, and what to do`() {
    #expect {
      _ = try LocalClient(directory.socket)
    } throws: { error in
      "\(error)".contains("no node listens at \(directory.socket): start one")
    }
  }

  @Test func `A client says that the node went away`() throws {
    let node = try SwitchboardNode(settings(directory.socket))
    let client = try LocalClient(directory.socket)
    try client.send([1])
    _ = try node.requests(1)
    node.board.close()
    #expect {
      try client.receive(milliseconds: 20_000)
    } throws: { error in
      (error as? FabricError)?.code == .lost && "\(error)".contains("went away")
    }
    #expect {
      for _ in 0..<1000 { try client.send([UInt8](repeating: 0, count: 4096)) }
    } throws: { error in
      (error as? FabricError)?.code == .lost
    }
  }

  @Test func `A client stops waiting, and may wait again`() throws {
    let node = try SwitchboardNode(settings(directory.socket))
    let client = try LocalClient(directory.socket)
    try client.send([1])
    #expect {
      try client.receive(milliseconds: 1)
    } throws: { error in
      (error as? FabricError)?.code == .timeout
    }
    try node.echo(1)
    #expect(try client.receive(milliseconds: 20_000) == [1])
  }

  @Test func `What was answered before closing still arrives`() throws {
    let node = try SwitchboardNode(settings(directory.socket))
    let client = try LocalClient(directory.socket)
    try client.send([1])
    let asked = try node.requests(1)[0]
    node.board.answer(asked.client, [5])
    node.board.close()
    #expect(try client.receive(milliseconds: 20_000) == [5])
  }
}
