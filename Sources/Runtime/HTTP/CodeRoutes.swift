// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import Memory

/// Executables, by their digest.
extension HTTPExchange {
  private func digest() throws(HTTPFailure) -> CodeDigest {
    guard let digest = CodeDigest(name("sha256")) else {
      throw .problem(
        Problem(400, .usage, "\"\(name("sha256"))\" is no SHA-256: 64 hexadecimal digits"))
    }
    return digest
  }

  /// Nothing about jobs can be asked where none run.
  func checkJobs() throws(HTTPFailure) {
    guard service.memory == nil else { return }
    throw .problem(
      .unavailable(
        "this cluster has no shards, so that it runs no jobs", advice: "set layout.shards"))
  }

  func hasCode(_ digest: CodeDigest) throws(HTTPFailure) -> Bool {
    try ask { () throws(NodeClient.Failure) in
      try client().ask(CodeRequest.find(digest), limits.answerMilliseconds) == [1]
    }
  }

  func findCode() throws(HTTPFailure) {
    try checkJobs()
    let digest = try digest()
    guard try hasCode(digest) else {
      throw .problem(
        Problem(404, .noInput, "no executable \(digest) is here", advice: "PUT it here"))
    }
    try send(200, nil, [])
  }

  private func document(_ digest: CodeDigest) -> JSON {
    .object([("type", .text("code")), ("code", .text("\(digest)"))])
  }

  /// Takes an executable in piece by piece; at most one piece is in memory.
  func keepCode() throws(HTTPFailure) {
    try checkJobs()
    let digest = try digest()
    if try hasCode(digest) { return try send(200, document(digest)) }
    let size = request.bodyBytes
    guard size > 0 else {
      throw .problem(
        Problem(411, .usage, "the executable is the body", advice: "send it with its length"))
    }
    guard size <= CodeStore.sizeMaximum else {
      throw .problem(
        Problem(
          413, .usage, "an executable has at most \(CodeStore.sizeMaximum) bytes, not \(size)"))
    }
    var hash = SHA256()
    var offset = 0
    let deadline = bodyDeadline
    while let piece = try self.piece(most: CodeStore.pieceBytes, until: deadline) {
      piece.withBytes { hash.update($0) }
      let asked = CodeRequest.keep(digest, size: size, offset: offset, piece)
      _ = try ask(refused: 422) { () throws(NodeClient.Failure) in
        try client().ask(asked, limits.answerMilliseconds)
      }
      offset += piece.count
    }
    // The node finds that out, too, and keeps nothing; the client is told here.
    guard hash.digest == digest.bytes else {
      let found = CodeDigest(hash.digest).map { "\($0)" } ?? "something else"
      throw .problem(
        Problem(422, .badInput, "the body is not \(digest): its SHA-256 is \(found)"))
    }
    try waitForCode(digest)
    try send(201, document(digest), [("Location", "/v1/code/\(digest)")])
  }

  /// The node reads it again as a whole, on a thread of its own, before it keeps it.
  private func waitForCode(_ digest: CodeDigest) throws(HTTPFailure) {
    let deadline = HTTPLink.deadline(in: limits.answerMilliseconds + request.bodyBytes >> 14)
    while try !hasCode(digest) {
      guard HTTPLink.deadline(in: 0) < deadline else {
        throw .problem(
          .unavailable("the node did not keep the executable", advice: "see its log, and try again")
        )
      }
      usleep(2000)
    }
  }
}

extension Route {
  private static let digest = Parameter(
    name: "sha256", place: .path,
    schema: .object([("type", .text("string")), ("pattern", .text("^[0-9a-fA-F]{64}$"))]),
    help: "The SHA-256 of the executable.")

  static let codeRoutes: [Route] = [
    Route(
      "PUT", "/v1/code/{sha256}", "putCode",
      "Brings an executable that holds jobs; it is kept under its digest.", [digest], body: .bytes,
      [
        .json(200, "It was here already.", "Code"), .json(201, "It is kept.", "Code"),
        .problem(411, "The body has no length."), .problem(413, "It is too large."),
        .problem(422, "The body has another digest."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.keepCode() },
    Route(
      "HEAD", "/v1/code/{sha256}", "hasCode", "Whether an executable is here.", [digest],
      [
        Answer(status: 200, help: "It is.", content: []),
        Answer(status: 404, help: "It is not.", content: []),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.findCode() },
  ]
}
