// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Glibc

/// One request and its answer. The thread of the connection has it.
final class HTTPExchange {
  let request: HTTPRequest
  let service: HTTPService
  let link: HTTPLink
  /// Where this connection's thread waits for replies of the node.
  let box: ReplyBox
  /// What the names of the route's path stand for.
  var names: [String: String] = [:]

  /// The number of the answer, once it is begun.
  private(set) var status: Int?
  /// Whether another request may follow on the connection.
  private(set) var mayGoOn = true
  private var bodyLeft: Int
  private var hasContinued = false
  private var isChunked = false

  init(_ request: HTTPRequest, _ service: HTTPService, _ link: HTTPLink, _ box: ReplyBox) {
    self.request = request
    self.service = service
    self.link = link
    self.box = box
    bodyLeft = request.bodyBytes
    mayGoOn = !request.wantsClose
  }

  var limits: HTTPLimits { service.limits }

  /// What a name of the route's path stands for.
  func name(_ name: String) -> String { names[name] ?? "" }

  /// The next bytes of the body, `most` where there are as many; nil at its end.
  func piece(most: Int, until deadline: UInt64) throws(HTTPFailure) -> [UInt8]? {
    guard bodyLeft > 0 else { return nil }
    if request.expectsContinue, !hasContinued {
      hasContinued = true
      try link.write(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }
    let piece = try link.body(min(most, bodyLeft), until: deadline)
    bodyLeft -= piece.count
    return piece
  }

  /// When a body of this many bytes has to be whole.
  var bodyDeadline: UInt64 {
    let seconds = request.bodyBytes / limits.bytesPerSecond
    return HTTPLink.deadline(in: limits.stallMilliseconds + 1000 * seconds)
  }

  /// The body as a JSON object.
  func document() throws(HTTPFailure) -> JSON {
    let type = (request["content-type"] ?? "application/json").split(separator: ";").first ?? ""
    guard HTTPRequest.trimmed(type).lowercased() == "application/json" else {
      throw .problem(
        Problem(415, .usage, "the body is JSON", advice: "send Content-Type: application/json"))
    }
    guard request.bodyBytes <= limits.documentBytes else {
      throw .problem(
        Problem(413, .usage, "the body has more than \(limits.documentBytes) bytes"))
    }
    guard let bytes = try piece(most: limits.documentBytes, until: bodyDeadline) else {
      throw .problem(Problem(400, .badInput, "the request has no body: a JSON object is wanted"))
    }
    do throws(JSONReader.Wrong) {
      let document = try JSONReader.read(bytes)
      if case .object = document { return document }
    } catch {
      throw .problem(Problem(400, .badInput, "the body is no JSON: \(error)"))
    }
    throw .problem(Problem(400, .badInput, "the body is JSON, but no object"))
  }
}

/// Answering.
extension HTTPExchange {
  static let jsonType = "application/json"

  func send(
    _ status: Int, _ document: JSON, _ fields: [(String, String)] = []
  ) throws(HTTPFailure) {
    try send(status, Self.jsonType, Array("\(document.line)\n".utf8), fields)
  }

  /// The whole answer.
  func send(
    _ status: Int, _ type: String?, _ body: [UInt8], _ fields: [(String, String)] = []
  ) throws(HTTPFailure) {
    var fields = fields
    if let type { fields.append(("Content-Type", type)) }
    if status >= 200, status != 204, status != 304 {
      fields.append(("Content-Length", "\(body.count)"))
    }
    let head = head(status, fields)
    try link.write(request.method == "HEAD" ? head : head + body)
  }

  func send(_ problem: Problem) throws(HTTPFailure) {
    var body = Array("\(problem.document.line)\n".utf8)
    if request.method == "HEAD" { body = [] }
    try send(problem.status, Problem.mediaType, body, problem.fields)
  }

  /// The head of an answer whose length is not known.
  func begin(_ type: String, _ fields: [(String, String)] = []) throws(HTTPFailure) {
    isChunked = !request.isOld
    var fields = fields + [("Content-Type", type)]
    if isChunked { fields.append(("Transfer-Encoding", "chunked")) } else { mayGoOn = false }
    try link.write(head(200, fields))
    if request.method == "HEAD" { throw .over }
  }

  /// Some bytes of an answer that was begun.
  func write(_ bytes: [UInt8]) throws(HTTPFailure) {
    guard !bytes.isEmpty else { return }
    guard isChunked else { return try link.write(bytes) }
    try link.write(
      Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + [0x0D, 0x0A])
  }

  /// Ends an answer that was begun. Without this, the client sees that it is cut off.
  func end() throws(HTTPFailure) {
    if isChunked { try link.write(Array("0\r\n\r\n".utf8)) }
  }

  private func head(_ status: Int, _ fields: [(String, String)]) -> [UInt8] {
    self.status = status
    // What is left of a body would be taken for the next request.
    if bodyLeft > 0 || service.isClosing { mayGoOn = false }
    var text = "HTTP/1.1 \(status) \(HTTPStatus.phrase(status))\r\nDate: \(Self.date)\r\n"
    text += "Cache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    if !mayGoOn { text += "Connection: close\r\n" }
    return Array((text + "\r\n").utf8)
  }

  /// Now, as RFC 9110 writes it.
  private static var date: String {
    var now = time(nil)
    var parts = unsafe tm()
    _ = unsafe gmtime_r(&now, &parts)
    let day = unsafe (week: Int(parts.tm_wday), month: Int(parts.tm_mon), date: parts.tm_mday)
    let clock = unsafe [parts.tm_hour, parts.tm_min, parts.tm_sec].map(two).joined(separator: ":")
    let year = unsafe 1900 + parts.tm_year
    return "\(days[day.week]), \(two(day.date)) \(months[day.month]) \(year) \(clock) GMT"
  }

  private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
}

/// Asking the node.
extension HTTPExchange {
  /// A client of this node; where `isWaiting`, it gives up when its own client goes away.
  func client(key: String? = nil, isWaiting: Bool = false) -> GatewayClient {
    let client = GatewayClient(service.gateway, box, key: key)
    if isWaiting { client.peer = link.socket.descriptor }
    return client
  }

  /// Asks the node; what it refuses is a problem with this number.
  func ask<T>(
    refused status: Int = 404, _ body: () throws(NodeClient.Failure) -> T
  ) throws(HTTPFailure) -> T {
    do throws(NodeClient.Failure) { return try body() } catch {
      switch error {
      case .unavailable(let why):
        throw .problem(
          .unavailable(
            "nothing can be done now: \(why)",
            advice: "try again; a change that was asked for may have happened or not"))
      case .busy(let why):
        throw .problem(
          Problem(
            429, .unavailable, why, advice: "try again, more slowly",
            fields: [("Retry-After", "1")]))
      case .refused(let why):
        let word: Problem.Word =
          switch status {
          case 404, 410: .noInput
          case 429: .unavailable
          default: .badInput
          }
        throw .problem(Problem(status, word, why))
      case .connection(let error) where error.code == .lost: throw .gone
      case .connection(let error):
        throw .problem(Problem(504, .unavailable, error.message, advice: "try again"))
      }
    }
  }
}
