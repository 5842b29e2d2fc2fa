// SPDX-License-Identifier: Apache-2.0
/// Records of a text as elements: views of it.
extension Batch<Bytes> {
  /// Takes in as many of the next lines as there is room for, in place of what it holds; false
  /// where there are none.
  package func take(_ lines: inout LineScanner) -> Bool {
    removeAll()
    let (made, numbers) = unsafe (storage, numbers)
    var count = 0
    while count < capacity, lines.findNext() {
      unsafe (made + count).initialize(to: lines.line)
      unsafe (numbers + count).initialize(to: lines.start)
      count &+= 1
    }
    fill(count)
    return count > 0
  }

  /// The same of records of `width` bytes each, of which the next one begins at `start`.
  package func take(_ records: Bytes, width: Int, from start: inout Int) -> Bool {
    removeAll()
    let count = min(capacity, (records.count &- start) / width)
    precondition(start >= 0 && count >= 0, "there are no such records")
    let made = unsafe storage
    for index in 0..<count {
      unsafe (made + index).initialize(
        to: Bytes(records.base + (start &+ index &* width), width))
    }
    fill(count, from: start, every: width)
    start &+= count &* width
    return count > 0
  }
}
