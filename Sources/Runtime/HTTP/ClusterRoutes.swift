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
