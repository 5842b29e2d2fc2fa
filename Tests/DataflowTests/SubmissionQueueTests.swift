// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Engine

@Suite struct SubmissionQueueTests {
  private func queue(_ askers: [Asker], sent: Int) -> SubmissionQueue {
    var queue = SubmissionQueue()
    for (place, asker) in askers.enumerated() {
      queue.append(Pending(asker: asker, bytes: [UInt8(place)]))
    }
    for _ in 0..<sent { queue.markSent() }
    return queue
  }

  @Test("A scheduler's command is not turned away with clients, sent or not")
  func scheduler() {
    var queue = queue([.client(1), .scheduler(1), .client(2), .scheduler(2)], sent: 2)
    #expect(queue.turnAway() == [.client(1), .client(2)])
    #expect(queue.underWay == 2 && queue.waiting == 1)
    #expect(queue.next?.asker == .scheduler(2))
    #expect(queue.takeDelivered().asker == .nobody)
    let command = queue.takeDelivered()
    #expect(command.asker == .scheduler(1) && command.bytes == [1])
    queue.markSent()
    #expect(queue.takeDelivered().bytes == [3])
    #expect(queue.count == 0)
  }

  @Test("Clients that were told already are not told again")
  func twice() {
    var queue = queue([.client(1), .client(2)], sent: 1)
    #expect(queue.turnAway() == [.client(1), .client(2)])
    #expect(queue.count == 1 && queue.next?.bytes == nil)
    #expect(queue.turnAway() == [.nobody])
  }

  @Test("In the next view clients' submissions are sent again, and a scheduler's are not")
  func nextView() {
    var queue = queue([.client(1), .scheduler(1), .client(2), .nobody, .client(3)], sent: 3)
    _ = queue.takeDelivered()
    queue.sendAgain()
    #expect(queue.underWay == 0 && queue.waiting == 2)
    #expect(queue.next?.asker == .client(2))
    queue.markSent()
    #expect(queue.next?.asker == .client(3))
  }
}
