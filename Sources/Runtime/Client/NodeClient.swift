// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Engine
package import Fabrics
import Glibc
import Memory
package import Replication
import Vocabulary

/// A client of the node that listens at a path of this host. Each call waits for its answer; one
/// thread at a time.
package final class NodeClient: NodeAccess {
  /// What a node answered instead of what was asked for.
  package enum Failure: Error, Sendable {
    /// Nothing can be done now. A command may have happened or not.
    case unavailable(String)
    case busy(String)
    /// The request was understood, and is not done.
    case refused(String)
    case connection(FabricError)
  }

  private let client: LocalClient
  private var requests: UInt64 = 0
  private let session: NodeID
  private var commands: UInt64 = 0

  /// Connects. A client that says the same `key` again says the same commands again: what it did
  /// already is not done twice.
  package init(_ path: String, key: String? = nil) throws(Failure) {
    do { client = try LocalClient(path) } catch { throw .connection(error) }
    session = Self.session(key)
  }

  static func session(_ key: String?) -> NodeID {
    guard let key else {
      var source = SystemRandomNumberGenerator()
      return NodeID(high: source.next(), low: source.next())
    }
    let digest = Array(key.utf8).withBytes { SHA256.of($0) }
    func word(_ start: Int) -> UInt64 {
      digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
    return NodeID(high: word(0), low: word(8))
  }

  /// The number of this client's next command.
  package func nextCommand() -> CommandID {
    commands += 1
    return CommandID(session: session, number: commands, acknowledged: commands - 1)
  }

  package func exchange(_ request: [UInt8], milliseconds: Int) throws(Failure) -> Reply {
    requests += 1
    let number = requests
    do throws(FabricError) {
      try client.send(ClientBook.frame(number, request))
      while true {
        let frame = try client.receive(milliseconds: milliseconds)
        // Answers to what was given up before are passed over.
        guard frame.prefix(ClientBook.numberBytes) == ClientBook.frame(number, [])[...] else {
          continue
        }
        guard let reply = Reply(Array(frame.dropFirst(ClientBook.numberBytes))) else {
          throw FabricError(
            .refused, "the node answered what is no reply",
            advice: "ask with the build of mapred that the node runs")
        }
        return reply
      }
    } catch {
      throw .connection(error)
    }
  }

  /// Changes the catalogue.
  package func change(
    _ command: CatalogueCommand, milliseconds: Int
  ) throws(Failure) -> CatalogueAnswer {
    return try change(command, as: nextCommand(), milliseconds: milliseconds)
  }

  /// The same with a number of the caller's, so that it can be said again elsewhere.
  func change(
    _ command: CatalogueCommand, as id: CommandID, milliseconds: Int
  ) throws(Failure) -> CatalogueAnswer {
    var content = ByteBuffer()
    command.write(into: &content)
    var out = ByteBuffer()
    Submission.command(id, content.bytes).write(into: &out)
    return try answer(.submit(Array(out.bytes)), milliseconds)
  }

  /// Asks the catalogue. What is answered is as new as anything that was acknowledged before.
  package func ask(
    _ question: CatalogueQuestion, milliseconds: Int
  ) throws(Failure) -> CatalogueAnswer {
    var content = ByteBuffer()
    question.write(into: &content)
    if case .watch = question {
      return try answer(.watch(Array(content.bytes)), milliseconds)
    }
    var out = ByteBuffer()
    Submission.question(content.bytes).write(into: &out)
    return try answer(.submit(Array(out.bytes)), milliseconds)
  }

  private func answer(
    _ request: Request, _ milliseconds: Int
  ) throws(Failure) -> CatalogueAnswer {
    switch try ask(request, milliseconds: milliseconds) {
    case .outcome(.done(let bytes)):
      guard let answer = try? bytes.withBytes({ try CatalogueAnswer.read($0) }) else {
        throw .refused("the node answered what is no answer of the catalogue")
      }
      return answer
    case .outcome(.refused(let reason)), .malformed(let reason): throw .refused(reason)
    case .unavailable(let reason): throw .unavailable(reason)
    case .busy(let reason): throw .busy(reason)
    case .outcome(.waits), .status, .leaving: throw .refused("the node answered something else")
    }
  }
}
