// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Counts something that a job comes across, by name: `let bad = flow.counter("bad lines")`.
///
/// It may be added to from any closure. What is shown in the end is exact: the work of a part of
/// the input counts once, however often it was tried. Closures before a sort also run for the keys
/// that are sampled, which does not count.
///
/// A closure whose dataset feeds two stages runs in both, and counts in both.
///
/// How often the closures of `reduce` and `combine` run depends on how the input is cut: values are
/// combined before the shuffle and after it. What they count is the same in every run of the same
/// input, but says little; count in the closures before them.
public struct Counter: Sendable {
  final class Cell: Sendable {
    let name: String
    let value = Atomic<Int>(0)
    init(_ name: String) { self.name = name }
  }

  let cell: Cell

  /// Adds to what was counted.
  public func add(_ count: Int = 1) { cell.value.wrappingAdd(count, ordering: .relaxed) }
}

extension Flow {
  /// A counter of this name: the same one each time. Its total is shown with the job's results.
  public func counter(_ name: String) -> Counter {
    if let known = counters.first(where: { $0.name == name }) { return Counter(cell: known) }
    let made = Counter.Cell(name)
    counters.append(made)
    return Counter(cell: made)
  }
}

extension Plan {
  /// What its closures have counted since this was last asked, in the order of declaration.
  func takeCounters() -> [Int] { counters.map { $0.value.exchange(0, ordering: .relaxed) } }

  /// The same, none where the stage that they come from is a repetition.
  func takeCounters(of stage: StageSpec) -> [Int] {
    let counted = takeCounters()
    return stage.isRepeat ? Array(repeating: 0, count: counted.count) : counted
  }

  /// What `body` counts counts for nothing. No other thread counts meanwhile.
  func withoutCounting<R>(_ body: () throws -> R) rethrows -> R {
    let before = takeCounters()
    defer {
      _ = takeCounters()
      for (cell, value) in zip(counters, before) { cell.value.store(value, ordering: .relaxed) }
    }
    return try body()
  }

  /// What has changed in the stage that is complete.
  func takeChanges() -> Int {
    guard description.countsChanges else { return 0 }
    return counters[description.counters.count].value.exchange(0, ordering: .relaxed)
  }
}
