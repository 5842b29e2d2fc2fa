// SPDX-License-Identifier: Apache-2.0
import Engine
import Exchange
import Vocabulary

/// The cluster, its members, and whether this node lives.
extension HTTPExchange {
  private func nodeStatus() throws(HTTPFailure) -> NodeStatus {
    try ask { () throws(NodeClient.Failure) in
      try client().status(milliseconds: limits.answerMilliseconds)
    }
  }

  func cluster() throws(HTTPFailure) { try send(200, StatusDocument.view(try nodeStatus())) }

  func members() throws(HTTPFailure) {
    let status = try nodeStatus()
    try send(
      200,
      .object([
        ("members", .array(status.peers.indices.map { StatusDocument.member($0, of: status) }))
      ]))
  }

  /// Lets a member leave, once others have what it holds; it leaves after the answer.
  func drain() throws(HTTPFailure) {
    let status = try nodeStatus()
    guard let peer = status.peers.first(where: { $0.name == name("name") }),
      let id = NodeID(text: peer.id)
    else {
      let names = status.peers.map(\.name).joined(separator: ", ")
      throw .problem(
        Problem(
          404, .noInput, "no member is called \"\(name("name"))\"", advice: "there are \(names)"))
    }
    do throws(NodeClient.Failure) {
      _ = try client().inquire(.drain(id), milliseconds: limits.answerMilliseconds)
    } catch {
      guard case .refused(let reason) = error else {
        return try ask { () throws(NodeClient.Failure) in throw error }
      }
      throw .problem(Problem(409, .notAllowed, "\(peer.name) stays: \(reason)"))
    }
    try send(
      202,
      .object([("type", .text("drain")), ("name", .text(peer.name)), ("id", .text(peer.id))]))
  }

  /// The thread that owns the node's state answers.
  func isAlive() throws(HTTPFailure) {
    let status = try nodeStatus()
    try send(200, .object([("node", .text(status.name)), ("alive", .bool(true))]))
  }

  func isReady() throws(HTTPFailure) {
    let status = try nodeStatus()
    guard status.view > 0, status.waits == nil, status.inadequacy == nil else {
      let why = status.waits ?? status.inadequacy ?? "it is no member yet"
      throw .problem(.unavailable("\(status.name) is not ready: \(why)"))
    }
    try send(200, .object([("node", .text(status.name)), ("ready", .bool(true))]))
  }

  func metrics() throws(HTTPFailure) {
    let text = Metrics.text(try nodeStatus(), service)
    try send(200, "text/plain; version=0.0.4; charset=utf-8", Array(text.utf8))
  }

  func description() throws(HTTPFailure) {
    try send(200, Self.jsonType, Array(OpenAPI.text.utf8))
  }
}

extension Route {
  static let clusterRoutes: [Route] = [
    Route(
      "GET", "/v1/cluster", "getCluster", "The cluster as this node sees it.", [],
      [.json(200, "The view, and what this node holds of it.", "View")]
    ) { exchange throws(HTTPFailure) in try exchange.cluster() },
    Route(
      "GET", "/v1/members", "listMembers", "The members of the cluster, by rank.", [],
      [.json(200, "All members of this node's view.", "Members")]
    ) { exchange throws(HTTPFailure) in try exchange.members() },
    Route(
      "POST", "/v1/members/{name}:drain", "drainMember",
      "Lets a member leave, once others have all that it holds.",
      [
        Parameter(
          name: "name", place: .path, schema: OpenAPI.text(), help: "The member's name.")
      ],
      [
        .json(202, "It leaves; `/v1/members` shows when it has left.", "Drain"),
        .problem(404, "There is no such member."),
        .problem(409, "It is the last one, and stays."),
      ]
    ) { exchange throws(HTTPFailure) in try exchange.drain() },
  ]

  static let nodeRoutes: [Route] = [
    Route(
      "GET", "/livez", "isAlive", "Whether the node answers at all.", [], isOpen: true,
      [.json(200, "It lives.", "Alive")]
    ) { exchange throws(HTTPFailure) in try exchange.isAlive() },
    Route(
      "GET", "/readyz", "isReady", "Whether the node takes part; what it waits for.", [],
      isOpen: true,
      [.json(200, "It does.", "Ready"), .problem(503, "It waits for what `detail` says.")]
    ) { exchange throws(HTTPFailure) in try exchange.isReady() },
    Route(
      "GET", "/metrics", "getMetrics", "Figures of this node, for Prometheus.", [],
      [.other(200, "The figures.", "text/plain")]
    ) { exchange throws(HTTPFailure) in try exchange.metrics() },
    Route(
      "GET", "/openapi.json", "getDescription", "This description.", [], isOpen: true,
      [.other(200, "An OpenAPI 3.1 document.", "application/json")]
    ) { exchange throws(HTTPFailure) in try exchange.description() },
  ]

  /// All that can be asked.
  static let all = clusterRoutes + codeRoutes + jobRoutes + resultRoutes + nodeRoutes
}

extension Route.Answer {
  static func json(_ status: Int, _ help: String, _ schema: String) -> Route.Answer {
    Route.Answer(status: status, help: help, content: [("application/json", schema)])
  }

  static func other(_ status: Int, _ help: String, _ types: String...) -> Route.Answer {
    Route.Answer(status: status, help: help, content: types.map { ($0, nil) })
  }

  static func problem(_ status: Int, _ help: String) -> Route.Answer {
    Route.Answer(status: status, help: help, content: [(Problem.mediaType, "Problem")])
  }
}
