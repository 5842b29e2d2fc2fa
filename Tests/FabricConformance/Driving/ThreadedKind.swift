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
    CheckThreads.run(settings.members) { index in
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
    if let cause = failures.withLock({ Self.cause($0) }) { throw cause }
  }

  /// The error that the others follow from.
  private static func cause(_ errors: [any Error]) -> (any Error)? {
    errors.first { ($0 as? Violation)?.isConsequence != true } ?? errors.first
  }
}

/// Threads that live for one check.
enum CheckThreads {
  private final class Work: Sendable {
    let index: Int
    let body: @Sendable (Int) -> Void
    init(_ index: Int, _ body: @escaping @Sendable (Int) -> Void) {
      self.index = index
      self.body = body
    }
  }

  /// Runs `body(0)` … `body(count - 1)`, each on a thread of its own, and waits for all.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    var threads: [pthread_t] = []
    for index in 0..<count {
      var thread: pthread_t = 0
      let argument = unsafe Unmanaged.passRetained(Work(index, body))
      let failure = unsafe pthread_create(
        &thread, nil,
        { raw in
          guard let raw = unsafe raw else { return nil }
          let work = unsafe Unmanaged<Work>.fromOpaque(raw).takeRetainedValue()
          work.body(work.index)
          return nil
        }, argument.toOpaque())
      precondition(failure == 0, "a thread can be started")
      threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
  }
}
