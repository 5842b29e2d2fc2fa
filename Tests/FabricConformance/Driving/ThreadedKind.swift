// SPDX-License-Identifier: Apache-2.0
package import Environment
import Glibc
import Synchronization
package import Vocabulary

/// A fabric whose members run on threads of this process.
package struct ThreadedKind: FabricKind {
  package typealias Open =
    @Sendable (_ rank: Rank, _ plan: GroupPlan, _ addresses: [String]) throws -> any Fabric

  package let name: String
  package var hasThreads: Bool { true }
  private let addresses: @Sendable (_ members: Int) -> [String]
  private let open: Open
  private let die: @Sendable (any Fabric) -> Void
  /// How long members may take to see that their time is over.
  private static let graceSeconds = 20

  /// A kind that opens members by `open`, at addresses that `addresses` makes anew for each check.
  /// `die` ends a member without a word, as a crash would, where the fabric can do that.
  package init(
    _ name: String, addresses: @escaping @Sendable (_ members: Int) -> [String],
    die: @escaping @Sendable (any Fabric) -> Void = { $0.close() }, open: @escaping Open
  ) {
    self.name = name
    self.addresses = addresses
    self.open = open
    self.die = die
  }

  package func run(_ check: Check, _ settings: CheckSettings) throws {
    let plan = try check.layout(settings.members)
    let places = addresses(settings.members)
    let stop = StopSign()
    let failures = Mutex<[any Error]>([])
    let hasEnded = CheckThreads.run(
      settings.members, limitSeconds: settings.limitSeconds + Self.graceSeconds
    ) { index in
      do {
        let part = settings.part(index)
        let fabric = try open(part.rank, plan, places)
        defer { fabric.close() }
        try MemberLoop(
          fabric, check, part, limitSeconds: settings.limitSeconds, stop: stop, die: die
        ).run()
      } catch {
        failures.withLock { $0.append(error) }
        stop.raise()
      }
    }
    guard hasEnded else { throw Violation("a call of the fabric does not return") }
    if let cause = failures.withLock({ Self.cause($0) }) { throw cause }
  }

  /// The error that the others follow from.
  private static func cause(_ errors: [any Error]) -> (any Error)? {
    errors.first { ($0 as? Violation)?.isConsequence != true } ?? errors.first
  }
}

/// Threads that live for one check.
package enum CheckThreads {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  private final class Countdown: Sendable {
    let left: Atomic<Int>
    init(_ count: Int) { left = Atomic(count) }
  }

  /// Runs `body(0)` … `body(count - 1)`, each on a thread of its own, and waits for all; false
  /// where one does not end in time, which is left alone then.
  package static func run(
    _ count: Int, limitSeconds: Int, _ body: @escaping @Sendable (Int) -> Void
  ) -> Bool {
    let countdown = Countdown(count)
    for index in 0..<count {
      detach {
        body(index)
        countdown.left.subtract(1, ordering: .releasing)
      }
    }
    let deadline = monotonicNow() + UInt64(limitSeconds) * 1_000_000_000
    while countdown.left.load(ordering: .acquiring) > 0 {
      guard monotonicNow() < deadline else { return false }
      usleep(1_000)
    }
    return true
  }

  /// Runs `body` on a thread that nobody waits for.
  static func detach(_ body: @escaping @Sendable () -> Void) {
    var thread: pthread_t = 0
    let argument = unsafe Unmanaged.passRetained(Work(body))
    let failure = unsafe pthread_create(
      &thread, nil,
      { raw in
        guard let raw = unsafe raw else { return nil }
        unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue().body()
        return nil
      }, argument.toOpaque())
    precondition(failure == 0, "a thread can be started")
    pthread_detach(thread)
  }
}
