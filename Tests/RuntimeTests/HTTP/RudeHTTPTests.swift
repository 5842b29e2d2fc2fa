// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Runtime

/// Clients of HTTP that send half of a request, one without an end, or too many.
@Suite(.serialized) struct RudeHTTPTests {
  private func expectService(_ place: HTTPPlace) throws {
    try HTTPPlace.until("all others are gone") { place.service.openConnections == 0 }
    #expect(try place.caller().call("GET", "/v1/cluster").status == 200)
  }

  @Test(
    "Half a request is waited for, and then its connection ends",
    arguments: ["G", "GET /livez HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n"])
  func half(_ text: String) throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let caller = try place.caller()
      caller.send(text)
      #expect(try caller.answer()?.status == 408)
      #expect(try caller.isEnded())
      let vanishing = try place.caller()
      vanishing.send(text)
      vanishing.endSending()
      #expect(try vanishing.isEnded())
      try expectService(place)
    }
  }

  @Test("A head without an end is cut off at its limit", arguments: [true, false])
  func endless(_ isLine: Bool) throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let caller = try place.caller()
      caller.send(isLine ? "GET /" : "GET / HTTP/1.1\r\nHost: a\r\nX: ")
      let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
      // What it says may come before all of this is sent.
      for _ in 0..<18 { caller.send(piece) }
      #expect(try caller.answer()?.status == (isLine ? 414 : 431))
      #expect(try caller.isEnded())
      try expectService(place)
    }
  }

  @Test("Many small fields without an end are cut off, too")
  func manyFields() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let caller = try place.caller()
      caller.send("GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 65) + "\r\n")
      #expect(try caller.answer()?.status == 431)
      try expectService(place)
    }
  }

  @Test("A body that stops coming is given up")
  func stalled() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let caller = try place.caller()
      caller.send("POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{\"a\"")
      #expect(try caller.answer()?.status == 408)
      #expect(try caller.isEnded())
      try expectService(place)
    }
  }

  @Test("Bytes that are no HTTP are answered, and nothing is taken for a second request")
  func garbage() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      // Seed 7.
      var random = RandomSource(7)
      for _ in 0..<50 {
        let caller = try place.caller()
        caller.send(random.bytes(random.number(1...200)))
        caller.send("\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try caller.answer()
        #expect(answer?.status == 400)
        #expect(try caller.answer() == nil)
        // Its place is given back: the next one is not one too many.
        try HTTPPlace.until("it is gone") { place.service.openConnections == 0 }
      }
      try expectService(place)
    }
  }

  @Test("Of too many connections, some are told so, and places that are given back are given away")
  func crowd() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      var crowd: [HTTPCaller] = []
      for _ in 0..<2 {
        let caller = try place.caller()
        #expect(try caller.call("GET", "/livez").status == 200)
        crowd.append(caller)
      }
      let third = try place.caller()
      try HTTPPlace.until("the third is in") { place.service.openConnections == 3 }
      // The fourth is not even read.
      let fourth = try place.caller()
      let told = try #require(try fourth.answer())
      #expect(told.status == 503 && told.fields["retry-after"] == "1")
      #expect(try fourth.isEnded())
      let refused = try third.call("GET", "/v1/cluster")
      #expect(refused.status == 503 && refused.fields["retry-after"] == "1")
      #expect(refused.text.contains("2 connections"))
      #expect(try third.isEnded())
      crowd.removeAll()
      try expectService(place)
    }
  }

  @Test("Whoever reads no answers is cut off")
  func deaf() throws {
    try HTTPPlace.with(HTTPPlace.strict) { place in
      let caller = try place.caller()
      let request = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
      for _ in 0..<2000 where !caller.send(request) { break }
      try HTTPPlace.until("it is cut off") { place.service.openConnections == 0 }
      try expectService(place)
    }
  }

  @Test("A node that answers nothing is told of in time")
  func asleep() throws {
    var limits = HTTPLimits()
    limits.answerMilliseconds = 100
    try HTTPPlace.with(limits, isAwake: false) { place in
      let answer = try place.caller().call("GET", "/livez")
      #expect(answer.status == 504)
      try HTTPPlace.until("the node knows that nobody waits") {
        place.abandoned.withLock { !$0.isEmpty && $0 == place.held.withLock { $0 } }
      }
    }
  }

  @Test("A node that stops answers who waits, and closes all connections")
  func stop() throws {
    let place = try HTTPPlace(isAwake: false)
    let idle = try place.caller()
    let waiting = try place.caller()
    waiting.ask("GET", "/v1/cluster")
    try HTTPPlace.until("it is asked") { place.held.withLock { $0.count == 1 } }
    try HTTPPlace.until("both are in") { place.service.openConnections == 2 }
    place.close()
    let answer = try #require(try waiting.answer())
    #expect(answer.status == 503 && answer.text.contains("stopped"))
    #expect(answer.fields["connection"] == "close")
    #expect(try waiting.isEnded())
    #expect(try idle.isEnded())
    #expect(throws: HTTPCaller.Failure.self) { try place.caller() }
  }
}
