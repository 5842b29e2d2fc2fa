// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A client of HTTP that sends the bytes it is given, right or wrong, and reads answers strictly.
/// Calls wait, for 30 seconds at most.
package final class HTTPCaller {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
    package init(description: String) { self.description = description }
  }

  package struct Answer: Sendable {
    package let status: Int
    /// Names in small letters.
    package let fields: [String: String]
    package var body: [UInt8] = []

    package var text: String { String(decoding: body, as: UTF8.self) }
  }

  private let descriptor: Int32
  private var came: [UInt8] = []
  private let host: String

  package init(_ address: String) throws {
    host = address
    guard let colon = address.lastIndex(of: ":"),
      let port = UInt16(address[address.index(after: colon)...])
    else { throw Failure(description: "\(address) is no address") }
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 30, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    let result = unsafe withUnsafePointer(to: &place) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(description: "cannot connect: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// Sends bytes as they are; false where the other side takes no more.
  @discardableResult
  package func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { raw in
        unsafe Glibc.send(descriptor, raw.baseAddress, raw.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Says that nothing more is sent.
  package func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  @discardableResult
  package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  /// Sends a request, and reads its answer as a whole.
  package func call(
    _ method: String, _ target: String, _ fields: [String: String] = [:], body: [UInt8]? = nil
  ) throws -> Answer {
    ask(method, target, fields, body: body)
    guard let answer = try answer(isHead: method == "HEAD") else {
      throw Failure(description: "no answer to \(method) \(target)")
    }
    return answer
  }

  /// Sends a request.
  package func ask(
    _ method: String, _ target: String, _ fields: [String: String] = [:], body: [UInt8]? = nil
  ) {
    var head = "\(method) \(target) HTTP/1.1\r\n"
    if fields["Host"] == nil { head += "Host: \(host)\r\n" }
    for (name, value) in fields.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
    if let body { head += "Content-Length: \(body.count)\r\n" }
    send(Array((head + "\r\n").utf8) + (body ?? []))
  }

  /// Takes in more bytes; false at the end.
  private func receive() throws -> Bool {
    var scratch = [UInt8](repeating: 0, count: 64 << 10)
    let count = unsafe recv(descriptor, &scratch, scratch.count, 0)
    if count < 0, errno == EAGAIN { throw Failure(description: "nothing came for 30 seconds") }
    guard count > 0 else { return false }
    came += scratch[..<count]
    return true
  }

  private func line() throws -> String? {
    while true {
      if let end = came.firstIndex(of: 0x0A) {
        defer { came.removeFirst(end + 1) }
        guard end > 0, came[end - 1] == 0x0D else {
          throw Failure(description: "a line ends without CR")
        }
        return String(decoding: came[..<(end - 1)], as: UTF8.self)
      }
      guard try receive() else { return nil }
    }
  }

  private func bytes(_ count: Int) throws -> [UInt8] {
    while came.count < count {
      guard try receive() else { throw Failure(description: "the answer is cut off") }
    }
    defer { came.removeFirst(count) }
    return Array(came[..<count])
  }

  /// The head of the next answer, but for those that only say to go on; nil where none comes.
  package func head() throws -> Answer? {
    while true {
      guard let first = try line() else { return nil }
      let words = first.split(separator: " ")
      guard words.count >= 2, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
        throw Failure(description: "no answer begins so: \(first)")
      }
      var fields: [String: String] = [:]
      while true {
        guard let line = try line() else {
          throw Failure(description: "the head of the answer is cut off")
        }
        if line.isEmpty { break }
        guard let colon = line.firstIndex(of: ":") else {
          throw Failure(description: "no field: \(line)")
        }
        let value = line[line.index(after: colon)...].drop { $0 == " " }
        fields[line[..<colon].lowercased()] = String(value)
      }
      if status >= 200 { return Answer(status: status, fields: fields) }
    }
  }

  /// The next chunk of an answer that comes in chunks; nil behind the last.
  package func chunk() throws -> [UInt8]? {
    guard let size = try line().flatMap({ Int($0, radix: 16) }) else {
      throw Failure(description: "the answer is cut off between its chunks")
    }
    let chunk = try bytes(size)
    guard try line() == "" else { throw Failure(description: "a chunk is too long") }
    return size == 0 ? nil : chunk
  }

  /// The next answer as a whole; nil where none comes.
  package func answer(isHead: Bool = false) throws -> Answer? {
    guard var answer = try head() else { return nil }
    if isHead || answer.status == 204 || answer.status == 304 { return answer }
    if answer.fields["transfer-encoding"] == "chunked" {
      while let chunk = try chunk() { answer.body += chunk }
    } else if let length = answer.fields["content-length"].flatMap({ Int($0) }) {
      answer.body = try bytes(length)
    } else {
      while try receive() {}
      answer.body = came
      came = []
    }
    return answer
  }

  /// Whether the other side has closed the connection, and nothing more came before that.
  package func isEnded() throws -> Bool {
    if !came.isEmpty { return false }
    return try !receive()
  }
}
