// SPDX-License-Identifier: Apache-2.0

/// Brings references into order that are in order already, or are a few parts that each are: what
/// earlier stages have sorted, one behind the other. Two parts are merged at a time, and of equal
/// keys the first come first. O(records × log parts).
extension RecordOrder {
  /// More parts than this are sorted as if they were in no order.
  private static var partsMaximum: Int { 8 }

  /// Where each part begins; nil where there are too many of them.
  func parts() -> [Int]? {
    var starts = [0]
    for index in 1..<count {
      guard unsafe isAbove(references[index - 1], references[index]) else { continue }
      if starts.count == Self.partsMaximum { return nil }
      starts.append(index)
    }
    return starts
  }

  /// Merges the parts, with room for all references beside them.
  func merge(_ starts: [Int], scratch: UnsafeMutablePointer<Reference>) {
    var bounds = starts + [count]
    var from = unsafe references
    var to = unsafe scratch
    while bounds.count > 2 {
      var merged = [0]
      for left in stride(from: 0, to: bounds.count - 1, by: 2) {
        let middle = bounds[left + 1]
        let end = left + 2 < bounds.count ? bounds[left + 2] : middle
        unsafe merge(from, bounds[left], middle, end, into: to)
        merged.append(end)
      }
      bounds = merged
      unsafe swap(&from, &to)
    }
    if unsafe from != references { unsafe references.update(from: from, count: count) }
  }

  /// Merges `from[low..<middle]` with `from[middle..<high]`.
  private func merge(
    _ from: UnsafeMutablePointer<Reference>, _ low: Int, _ middle: Int, _ high: Int,
    into to: UnsafeMutablePointer<Reference>
  ) {
    var left = low
    var right = middle
    for place in low..<high {
      let isRight = unsafe left == middle || right < high && isAbove(from[left], from[right])
      let source = isRight ? right : left
      unsafe (to + place).initialize(to: from[source])
      if isRight { right &+= 1 } else { left &+= 1 }
    }
  }

  @inline(__always) private func isAbove(_ one: Reference, _ other: Reference) -> Bool {
    let (first, second) = unsafe (one.prefix, other.prefix)
    if first != second { return first > second }
    return unsafe Frame.read(other.frame).key < Frame.read(one.frame).key
  }
}
