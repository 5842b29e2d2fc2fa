// SPDX-License-Identifier: Apache-2.0
import Engine
import Testing

@testable import Runtime

@Suite("The way from other threads to the polling thread")
struct GatewayTests {
  @Test("Each reply goes to who asked, whatever the order")
  func replies() throws {
    let gateway = Gateway(most: 10) {}
    let boxes = try (0..<3).map { _ in try ReplyBox() }
    let numbers = boxes.map { gateway.ask([1], $0) }
    let (asked, _) = gateway.take()
    #expect(asked.map(\.number) == numbers.compactMap { $0 })
    #expect(asked.allSatisfy { Gateway.owns($0.number) })
    #expect(!Gateway.owns(1))
    for (place, ask) in asked.enumerated().reversed() {
      gateway.answer(ask.number, .busy("\(place)"))
      // Said twice, it is nobody's.
      gateway.answer(ask.number, .busy("again"))
    }
    for (place, box) in boxes.enumerated() {
      #expect(box.take() == .busy("\(place)"))
      #expect(box.take() == nil)
    }
  }

  @Test("What is given up is not asked, or told of where it was asked already")
  func abandoned() throws {
    let gateway = Gateway(most: 10) {}
    let box = try ReplyBox()
    let early = try #require(gateway.ask([1], box))
    gateway.abandon(early)
    #expect(gateway.take().asked.isEmpty)
    let late = try #require(gateway.ask([2], box))
    #expect(gateway.take().asked.count == 1)
    gateway.abandon(late)
    gateway.abandon(late)
    #expect(gateway.take().abandoned == [late])
    gateway.answer(late, .leaving)
    #expect(box.take() == nil)
  }

  @Test("More than there is room for is busy, and after the end all is unavailable")
  func bounds() throws {
    let gateway = Gateway(most: 1) {}
    let first = try ReplyBox()
    let second = try ReplyBox()
    #expect(gateway.ask([1], first) != nil)
    #expect(gateway.ask([1], second) == nil)
    guard case .busy? = second.take() else {
      Issue.record("not busy")
      return
    }
    gateway.close()
    guard case .unavailable? = first.take() else {
      Issue.record("who waits is not told")
      return
    }
    #expect(gateway.ask([1], first) == nil)
    guard case .unavailable? = first.take() else {
      Issue.record("who comes later is not told")
      return
    }
  }
}
