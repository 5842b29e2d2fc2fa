// SPDX-License-Identifier: Apache-2.0
import Exchange

/// Why a request is not done: a problem document (RFC 9457) with the words of the command line.
struct Problem: Error, Sendable {
  /// The words and numbers of `docs/errors.md`.
  enum Word: Int, Sendable {
    case usage = 64
    case badInput = 65
    case noInput = 66
    case unavailable = 69
    case internalFault = 70
    case notAllowed = 77

    var text: String {
      switch self {
      case .usage: "usage"
      case .badInput: "bad_input"
      case .noInput: "no_input"
      case .unavailable: "unavailable"
      case .internalFault: "internal"
      case .notAllowed: "not_allowed"
      }
    }
  }

  let status: Int
  let word: Word
  let message: String
  let advice: String?
  /// Further fields of the answer.
  var fields: [(String, String)] = []

  init(
    _ status: Int, _ word: Word, _ message: String, advice: String? = nil,
    fields: [(String, String)] = []
  ) {
    self.status = status
    self.word = word
    self.message = message
    self.advice = advice
    self.fields = fields
  }

  /// Something cannot be done now, and may be asked for again.
  static func unavailable(_ message: String, advice: String? = nil) -> Problem {
    Problem(503, .unavailable, message, advice: advice, fields: [("Retry-After", "1")])
  }

  var document: JSON {
    var fields: [(String, JSON)] = [
      ("type", .text("about:blank")), ("title", .text(HTTPStatus.phrase(status))),
      ("status", .integer(status)), ("detail", .text(message)), ("code", .text(word.text)),
      ("exit", .integer(word.rawValue)),
    ]
    if let advice { fields.append(("advice", .text(advice))) }
    return .object(fields)
  }

  static let mediaType = "application/problem+json"
}

/// How serving a request ends before its end.
enum HTTPFailure: Error {
  /// The client is told.
  case problem(Problem)
  /// There is nobody to be told: the client is gone, or too slow.
  case gone
  /// The answer is complete, although its maker has more: to a request for the head alone.
  case over
}

/// The numbers of answers, in words.
enum HTTPStatus {
  static func phrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 201: "Created"
    case 202: "Accepted"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 410: "Gone"
    case 411: "Length Required"
    case 413: "Content Too Large"
    case 414: "URI Too Long"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Internal Server Error"
    }
  }
}
