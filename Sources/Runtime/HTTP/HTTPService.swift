// SPDX-License-Identifier: Apache-2.0
import Exchange
package import Fabrics
import Memory
import Synchronization

/// What all connections share: who may ask, what can be asked, and counts of what was.
final class HTTPService: Sendable {
  let gateway: Gateway
  let limits: HTTPLimits
  /// Bytes of the node's memory for blocks: in use, and all; nil where it runs no jobs.
  let memory: (@Sendable () -> (taken: Int, all: Int))?
  private let token: AccessToken?
  private let closing = Atomic(false)
  /// Answers so far, by number.
  private let answers = Mutex<[Int: Int]>([:])
  private let open = Atomic(0)

  init(
    _ gateway: Gateway, _ limits: HTTPLimits, token: AccessToken?,
    memory: (@Sendable () -> (taken: Int, all: Int))?
  ) {
    self.gateway = gateway
    self.limits = limits
    self.token = token
    self.memory = memory
  }

  var isClosing: Bool { closing.load(ordering: .relaxed) }
  func close() { closing.store(true, ordering: .relaxed) }

  /// Answers so far, in the order of their numbers.
  var answered: [(status: Int, count: Int)] {
    answers.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
  }

  var openConnections: Int { open.load(ordering: .relaxed) }

  /// Serves a connection until it ends. `isSurplus`: it is told that there are too many.
  func serve(_ link: HTTPLink, isSurplus: Bool) {
    open.add(1, ordering: .relaxed)
    defer { open.subtract(1, ordering: .relaxed) }
    guard let box = try? ReplyBox() else { return }
    while true {
      do throws(HTTPFailure) {
        guard let request = try link.head() else { return }
        let exchange = HTTPExchange(request, self, link, box)
        defer { count(exchange.status) }
        try answer(exchange, isSurplus: isSurplus)
        guard exchange.mayGoOn, !isClosing, !isSurplus else { return link.finish() }
      } catch {
        // Where a request begins that was not understood is not known: nothing follows it.
        if case .problem(let problem) = error {
          count(problem.status)
          refuse(problem, link)
        }
        return
      }
    }
  }

  private func count(_ status: Int?) {
    guard let status else { return }
    answers.withLock { $0[status, default: 0] += 1 }
  }

  /// To a request that could not be read.
  private func refuse(_ problem: Problem, _ link: HTTPLink) {
    let body = "\(problem.document.line)\n"
    let head =
      "HTTP/1.1 \(problem.status) \(HTTPStatus.phrase(problem.status))\r\nContent-Type: "
      + "\(Problem.mediaType)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
    guard (try? link.write(Array((head + body).utf8))) != nil else { return }
    link.finish()
  }

  private func answer(_ exchange: HTTPExchange, isSurplus: Bool) throws(HTTPFailure) {
    do throws(HTTPFailure) {
      if isSurplus {
        throw .problem(
          .unavailable("\(limits.connections) connections are served already", advice: "try again"))
      }
      try route(exchange)
    } catch {
      switch error {
      case .over: return
      case .gone: throw error
      case .problem(let problem):
        // An answer that was begun can only be cut off.
        guard exchange.status == nil else { throw .gone }
        try exchange.send(problem)
      }
    }
  }

  private func route(_ exchange: HTTPExchange) throws(HTTPFailure) {
    let request = exchange.request
    let here = Route.all.compactMap { route in
      route.match(request.path).map { (route: route, names: $0) }
    }
    // More words say more: `/v1/jobs/{id}:cancel` before `/v1/jobs/{id}`.
    let most = here.map(\.route.wordBytes).max() ?? 0
    let meant = here.filter { $0.route.wordBytes == most }
    if !meant.contains(where: \.route.isOpen) { try admit(request) }
    guard !meant.isEmpty else {
      throw .problem(
        Problem(
          404, .noInput, "nothing is at \(request.target)",
          advice: "GET /openapi.json lists all that can be asked"))
    }
    let found =
      meant.first { $0.route.method == request.method }
      ?? (request.method == "HEAD" ? meant.first { $0.route.method == "GET" } : nil)
    guard let (route, names) = found else {
      var methods = meant.map(\.route.method)
      if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
      let list = methods.joined(separator: ", ")
      throw .problem(
        Problem(
          405, .usage, "\(request.method) is not for \(request.target)", advice: "use \(list)",
          fields: [("Allow", list)]))
    }
    exchange.names = names
    let known = route.parameters.filter { $0.place == .query }.map(\.name)
    for (name, _) in request.query where !known.contains(name) {
      let list = known.isEmpty ? "there are none" : "there are " + known.joined(separator: ", ")
      throw .problem(Problem(400, .usage, "\(name) is no parameter here: \(list)"))
    }
    try route.serve(exchange)
  }

  /// With a key: only those who show its token. Without one the server is reached from this host
  /// alone, and pages that a browser shows are kept from asking in its user's place.
  private func admit(_ request: HTTPRequest) throws(HTTPFailure) {
    if let token {
      guard !token.isShown(by: request["authorization"]) else { return }
      throw .problem(
        Problem(
          401, .notAllowed, "this node wants the token of its cluster",
          advice: "send Authorization: Bearer TOKEN; mapred config token prints it",
          fields: [("WWW-Authenticate", "Bearer")]))
    }
    let host = request["host"] ?? "localhost"
    guard let place = HostPort(host) ?? HostPort("\(host):0"), place.isLoopback else {
      throw .problem(Problem(403, .notAllowed, "this node is not \(host)"))
    }
    guard let origin = request["origin"], origin != "http://\(host)" else { return }
    throw .problem(Problem(403, .notAllowed, "pages of \(origin) may not ask this node"))
  }
}

/// What shows that a client knows the cluster's key: derived from it, so that the key itself is
/// never sent.
package struct AccessToken: Sendable {
  /// 64 hexadecimal digits.
  package let text: String

  package init(_ key: ClusterKey) {
    text = key.tag("mapred http token 1")
      .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// How long it takes does not depend on where they differ.
  func isShown(by authorization: String?) -> Bool {
    guard let authorization, authorization.prefix(7).lowercased() == "bearer " else { return false }
    let shown = Array(HTTPRequest.trimmed(authorization.dropFirst(7)).utf8)
    let wanted = Array(text.utf8)
    guard shown.count == wanted.count else { return false }
    return zip(shown, wanted).reduce(UInt8(0)) { $0 | $1.0 ^ $1.1 } == 0
  }
}
