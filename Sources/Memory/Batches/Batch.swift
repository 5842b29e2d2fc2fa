// SPDX-License-Identifier: Apache-2.0
public import Vocabulary

/// Some elements on their way from one operator to the next, and of which records they have come.
///
/// Who makes elements owns a batch, fills it, hands it on and fills it again. Who is handed one
/// reads it during that call, in a loop of its own: so a step costs one call for many elements, and
/// the compiler sees the whole loop of each step.
@safe
@usableFromInline package final class Batch<Element> {
  // Safe because there is room for `capacity` elements, the first `owned` of which are initialised,
  // and what is shown but not owned outlives the call that the batch is handed to.

  /// What changes. It lies outside of the object, where the accesses of a loop are not checked one
  /// by one: one thread uses a batch, and nobody changes it who was handed it.
  @unsafe @usableFromInline struct State {
    /// How many elements of the storage are initialised.
    @usableFromInline var owned = 0
    /// What is handed on: its own elements, or those of an array.
    @usableFromInline var elements: UnsafePointer<Element>
    @usableFromInline var count = 0
    /// Numbers of records by element; nil where they are counted from `first` on, in steps.
    @usableFromInline var records: UnsafePointer<Int>?
    @usableFromInline var first = 0
    @usableFromInline var step = 1
    /// Where it is noted which record is worked on.
    @usableFromInline var note: LineNote?
    /// At which element a loop has failed.
    @usableFromInline var failed = 0

    @inlinable init(_ elements: UnsafePointer<Element>) { unsafe self.elements = unsafe elements }
  }

  @usableFromInline package let capacity: Int
  /// Room for its own elements, and for the numbers of their records.
  @usableFromInline let storage: UnsafeMutablePointer<Element>
  @usableFromInline let numbers: UnsafeMutablePointer<Int>
  @usableFromInline let state: UnsafeMutablePointer<State>

  @inlinable package init(capacity: Int = Limits.batchElements) {
    self.capacity = capacity
    unsafe storage = .allocate(capacity: capacity)
    unsafe numbers = .allocate(capacity: capacity)
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: State(storage))
  }

  deinit {
    unsafe storage.deinitialize(count: owned)
    unsafe storage.deallocate()
    unsafe numbers.deallocate()
    unsafe state.deallocate()
  }

  @inlinable @inline(__always) package var owned: Int { unsafe state.pointee.owned }
  @inlinable @inline(__always) package var count: Int { unsafe state.pointee.count }
  @inlinable @inline(__always) package var note: LineNote? { unsafe state.pointee.note }
  @inlinable @inline(__always) var elements: UnsafePointer<Element> {
    unsafe state.pointee.elements
  }

  /// The number of the record that an element has come of.
  @inlinable @inline(__always) package func record(_ index: Int) -> Int {
    if let records = unsafe state.pointee.records {
      unsafe records[index]
    } else {
      unsafe state.pointee.first &+ index &* state.pointee.step
    }
  }

  /// Forgets its elements, and makes room for what comes of those of another batch.
  @inlinable package func begin<Other>(after other: Batch<Other>) {
    precondition(other.count <= capacity, "there is room for all of a batch")
    removeAll()
    unsafe state.pointee.note = other.note
  }

  /// Says that so many elements of the storage are initialised, and the numbers beside them.
  @inlinable package func fill(_ count: Int) {
    own(count)
    unsafe state.pointee.records = UnsafePointer(numbers)
  }

  /// The same where these numbers are `first`, and `step` more for each.
  @inlinable package func fill(_ count: Int, from first: Int, every step: Int) {
    own(count)
    unsafe state.pointee.records = nil
    unsafe state.pointee.first = first
    unsafe state.pointee.step = step
  }

  /// The same where they have come, one by one, of the records of another batch.
  @inlinable package func fill<Other>(_ count: Int, as other: Batch<Other>) {
    own(count)
    unsafe state.pointee.records = unsafe other.state.pointee.records
    unsafe state.pointee.first = unsafe other.state.pointee.first
    unsafe state.pointee.step = unsafe other.state.pointee.step
  }

  @inlinable package func own(_ count: Int) {
    precondition(count <= capacity, "a batch is handed on when it is full")
    unsafe state.pointee.owned = count
    unsafe state.pointee.count = count
    unsafe state.pointee.elements = UnsafePointer(storage)
  }

  @inlinable package func removeAll() {
    unsafe storage.deinitialize(count: owned)
    unsafe state.pointee.owned = 0
    unsafe state.pointee.count = 0
  }

  /// Notes from now on which record is worked on, where the thread keeps notes.
  @inlinable package func keepNotes() { unsafe state.pointee.note = .kept }

  /// The number of the record at whose element the last loop has failed.
  @inlinable package var failedRecord: Int { record(unsafe state.pointee.failed) }

  @inlinable @inline(__always) package var isFull: Bool { owned == capacity }

  /// Adds an element that has come of a record with this number.
  @inlinable @inline(__always)
  package func append(_ element: consuming Element, of record: Int) {
    precondition(owned < capacity, "a batch is handed on when it is full")
    unsafe (storage + owned).initialize(to: element)
    unsafe (numbers + owned).initialize(to: record)
    unsafe state.pointee.owned &+= 1
  }

  /// An element that stays here while what it stands for changes from one batch to the next: the
  /// one behind those that are shown. Where there is none yet, it is made of its place.
  @inlinable package func nextPlace(_ make: (Int) -> Element) -> Element {
    let place = count
    precondition(place < capacity, "a batch is handed on when it is full")
    if place == owned {
      unsafe (storage + place).initialize(to: make(place))
      unsafe state.pointee.owned = place &+ 1
      unsafe state.pointee.records = UnsafePointer(numbers)
    }
    return unsafe storage[place]
  }

  /// Shows the element in the next place, which now stands for a record with this number; whether
  /// it is the last one.
  @inlinable package func showPlace(of record: Int) -> Bool {
    precondition(count < owned, "a place is made before it is shown")
    unsafe (numbers + count).initialize(to: record)
    unsafe state.pointee.count &+= 1
    return count == capacity
  }

  /// Shows none of its elements.
  @inlinable package func hidePlaces() { unsafe state.pointee.count = 0 }

  /// Shows the elements of an array to `body`, some at a time, of records with their places.
  @inlinable package func show(
    _ array: [Element], _ range: Range<Int>, _ body: () throws -> Void
  ) rethrows {
    try unsafe array.withUnsafeBufferPointer { all in
      precondition(range.upperBound <= all.count, "there are no such elements")
      guard let base = all.baseAddress else { return }
      removeAll()
      unsafe state.pointee.records = nil
      unsafe state.pointee.step = 1
      var start = range.lowerBound
      while start < range.upperBound {
        let end = min(start &+ capacity, range.upperBound)
        unsafe state.pointee.elements = unsafe base + start
        unsafe state.pointee.count = end &- start
        unsafe state.pointee.first = start
        try body()
        start = end
      }
    }
  }
}
