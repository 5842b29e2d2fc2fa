// SPDX-License-Identifier: Apache-2.0
/// The loops of operators: over all elements of a batch, in order. What throws on the way goes on
/// as it is; the batch knows at which element.
extension Batch {
  /// Calls `body` with the number of each element.
  @inlinable @inline(__always)
  package func forEachIndex(_ body: (Int) throws -> Void) throws {
    let count = count
    var index = 0
    do {
      if let note {
        while index < count {
          note.begin(record(index))
          try body(index)
          index &+= 1
        }
      } else {
        while index < count {
          try body(index)
          index &+= 1
        }
      }
    } catch {
      unsafe state.pointee.failed = index
      throw error
    }
  }

  /// Makes so many elements of records that are numbered from 0 on.
  @inlinable @inline(__always)
  package func make(_ wanted: Int, _ element: (Int) throws -> Element) throws {
    precondition(wanted <= capacity, "a batch is handed on when it is full")
    removeAll()
    let made = unsafe storage
    var count = 0
    defer { fill(count, from: 0, every: 1) }
    while count < wanted {
      do { unsafe (made + count).initialize(to: try element(count)) } catch {
        unsafe state.pointee.failed = count
        throw error
      }
      count &+= 1
    }
  }

  /// Calls `body` with each element.
  @inlinable @inline(__always)
  package func forEach(_ body: (Element) throws -> Void) throws {
    let elements = unsafe elements
    try forEachIndex { try body(unsafe elements[$0]) }
  }

  /// Calls `body` with each element and the one of another batch that belongs to it.
  @inlinable @inline(__always)
  package func forEach<Other>(
    with others: Batch<Other>,
    _ body: (Element, Other) throws -> Void
  ) throws {
    precondition(others.count == count, "pairs have two parts")
    let (elements, others) = unsafe (elements, others.elements)
    try forEachIndex { try body(unsafe elements[$0], unsafe others[$0]) }
  }

  /// Makes one element of each.
  @inlinable @inline(__always)
  package func map<U>(
    into target: Batch<U>, _ transform: (Element) throws -> U
  ) throws {
    target.begin(after: self)
    let (elements, made) = unsafe (elements, target.storage)
    var count = 0
    defer { target.fill(count, as: self) }
    try forEachIndex { index in
      unsafe (made + index).initialize(to: try transform(unsafe elements[index]))
      count = index &+ 1
    }
  }

  /// Makes one element of each pair.
  @inlinable @inline(__always)
  package func map<Other, U>(
    with others: Batch<Other>, into target: Batch<U>,
    _ transform: (Element, Other) throws -> U
  ) throws {
    precondition(others.count == self.count, "pairs have two parts")
    target.begin(after: self)
    let (elements, others, made) = unsafe (elements, others.elements, target.storage)
    var count = 0
    defer { target.fill(count, as: self) }
    try forEachIndex { index in
      unsafe (made + index).initialize(
        to: try transform(unsafe elements[index], unsafe others[index]))
      count = index &+ 1
    }
  }

  /// Makes one element of each, or none.
  @inlinable @inline(__always)
  package func compactMap<U>(
    into target: Batch<U>, _ transform: (Element) throws -> U?
  ) throws {
    target.begin(after: self)
    let (elements, made, numbers) = unsafe (elements, target.storage, target.numbers)
    var count = 0
    defer { target.fill(count) }
    try forEachIndex { index in
      guard let element = try transform(unsafe elements[index]) else { return }
      unsafe (made + count).initialize(to: element)
      unsafe (numbers + count).initialize(to: record(index))
      count &+= 1
    }
  }

  /// Makes a pair of each element.
  @inlinable @inline(__always)
  package func split<K, V>(
    into keys: Batch<K>, _ values: Batch<V>,
    _ pair: (Element) throws -> (K, V)
  ) throws {
    keys.begin(after: self)
    values.begin(after: self)
    let (elements, firsts, seconds) = unsafe (elements, keys.storage, values.storage)
    var count = 0
    defer {
      keys.fill(count, as: self)
      values.fill(count, as: self)
    }
    try forEachIndex { index in
      let (key, value) = try pair(unsafe elements[index])
      unsafe (firsts + index).initialize(to: key)
      unsafe (seconds + index).initialize(to: value)
      count = index &+ 1
    }
  }

  /// Keeps the elements for which `isIncluded` is true.
  @inlinable @inline(__always)
  package func filter(
    into target: Batch, _ isIncluded: (Element) throws -> Bool
  ) throws {
    target.begin(after: self)
    let (elements, kept, numbers) = unsafe (elements, target.storage, target.numbers)
    var count = 0
    defer { target.fill(count) }
    try forEachIndex { index in
      guard try isIncluded(unsafe elements[index]) else { return }
      unsafe (kept + count).initialize(to: unsafe elements[index])
      unsafe (numbers + count).initialize(to: record(index))
      count &+= 1
    }
  }

  /// Keeps the pairs for which `isIncluded` is true.
  @inlinable @inline(__always)
  package func filter<Other>(
    with others: Batch<Other>, into target: Batch, _ otherTarget: Batch<Other>,
    _ isIncluded: (Element, Other) throws -> Bool
  ) throws {
    precondition(others.count == self.count, "pairs have two parts")
    target.begin(after: self)
    otherTarget.begin(after: self)
    let (elements, others) = unsafe (elements, others.elements)
    let (kept, otherKept, numbers) = unsafe (target.storage, otherTarget.storage, target.numbers)
    var count = 0
    defer {
      target.fill(count)
      otherTarget.fill(count, as: target)
    }
    try forEachIndex { index in
      guard try isIncluded(unsafe elements[index], unsafe others[index]) else { return }
      unsafe (kept + count).initialize(to: unsafe elements[index])
      unsafe (otherKept + count).initialize(to: unsafe others[index])
      unsafe (numbers + count).initialize(to: record(index))
      count &+= 1
    }
  }

  /// Makes any number of elements of each, and hands them on.
  @inlinable @inline(__always)
  package func flatMap<S: Sequence>(
    through target: Batch<S.Element>,
    _ transform: (Element) throws -> S, _ sink: (Batch<S.Element>) throws -> Void
  ) throws {
    target.begin(after: self)
    let (elements, made, numbers) = unsafe (elements, target.storage, target.numbers)
    var count = 0
    defer {
      target.own(count)
      target.removeAll()
    }
    try forEachIndex { index in
      for element in try transform(unsafe elements[index]) {
        if count == target.capacity {
          target.fill(count)
          try sink(target)
          target.removeAll()
          count = 0
        }
        unsafe (made + count).initialize(to: element)
        unsafe (numbers + count).initialize(to: record(index))
        count &+= 1
      }
    }
    target.fill(count)
    if count > 0 { try sink(target) }
  }
}
