// SPDX-License-Identifier: Apache-2.0
import Exchange
public import Memory

/// What sources hand on of a chunk; each returns how many records there were.
extension Chunk {
  /// Lines, or records of a fixed size, as they stand.
  func feedPlain(_ sink: (Batch<Bytes>) throws -> Void) throws -> Int {
    let batch = Batch<Bytes>(of: self)
    guard catchers == nil else {
      return try forEachPlain(self) { record, start in
        batch.append(record, of: start)
        try batch.handOn(to: sink, tell: { tell($0, $1) })
      }
    }
    var records = 0
    func handOn() throws {
      try telling({ tell($0, $1) }) { try sink(batch) }
      records &+= batch.count
    }
    switch content {
    case .lines(let bytes):
      var lines = LineScanner(bytes)
      while batch.take(&lines) { try handOn() }
    case .packed(let bytes, let width):
      var start = 0
      while batch.take(bytes, width: width, from: &start) { try handOn() }
    default: preconditionFailure("lines or records of a fixed size are read")
    }
    return records
  }

  /// What is made of each record of an earlier stage.
  @inlinable @inline(__always) func feedRecords<T>(
    _ sink: (Batch<T>) throws -> Void, _ make: (Frame) throws -> T
  ) throws -> Int {
    let batch = Batch<T>(of: self)
    var number = 0
    let count = try forEachRecord(self) { frame in
      batch.append(try make(frame), of: number)
      number &+= 1
      if batch.isFull { try batch.handOn(to: sink) { tell($0, $1) } }
    }
    try batch.handOn(to: sink) { tell($0, $1) }
    return count
  }

  /// The pairs that an earlier stage has left behind.
  @inlinable func feedPairs<K: Key, V: Record>(
    _ sink: (Batch<K>, Batch<V>) throws -> Void
  ) throws -> Int {
    let (keys, values) = (Batch<K>(of: self), Batch<V>(of: self))
    var number = 0
    let count = try forEachRecord(self) { frame in
      var reader = RecordReader(frame.value)
      let value = try V(from: &reader)
      keys.append(try K.decodeKey(frame.key), of: number)
      values.append(value, of: number)
      number &+= 1
      if keys.isFull { try keys.handOn(with: values, to: sink) { tell($0, $1) } }
    }
    try keys.handOn(with: values, to: sink) { tell($0, $1) }
    return count
  }

  /// Values that the plan holds.
  @inlinable func feedValues<T>(
    _ values: [T], _ sink: (Batch<T>) throws -> Void
  ) throws -> Int {
    guard case .values(let range) = content else { preconditionFailure("values are read") }
    func shown(_ index: Int, _ body: (FailedRecord) throws -> Void) rethrows {
      try Array(String(describing: values[index]).utf8).withBytes {
        try body(FailedRecord(offset: index, $0))
      }
    }
    func tell(_ failure: RecordFailure, _ index: Int) -> RecordFailure {
      var told = failure
      shown(index) { told = RecordFailure(failure, offset: $0.offset, record: $0.bytes) }
      return told
    }
    let batch = Batch<T>(of: self)
    guard let catchers else {
      try batch.show(values, range) { try telling(tell) { try sink(batch) } }
      return range.count
    }
    for index in range {
      do {
        batch.append(values[index], of: index)
        try batch.handOn(to: sink, tell: { tell($0, $1) })
      } catch { try shown(index) { try failed(error, $0, catchers) } }
      try shown(index) { try catchers.endRecord($0) }
    }
    return range.count
  }

  /// Shows the record with a number in a failure that names it.
  @usableFromInline func tell(_ failure: RecordFailure, _ number: Int) -> RecordFailure {
    switch content {
    case .lines(let bytes):
      let end = bytes.firstIndex(of: 0x0A, from: number) ?? bytes.count
      return RecordFailure(failure, offset: number, record: bytes[number..<end])
    case .packed(let bytes, let width):
      return RecordFailure(failure, offset: number, packed: bytes[number..<(number + width)])
    case .rows(let bytes, let head):
      var scanner = RowScanner(bytes[number..<bytes.count], head.format.syntax)
      _ = try? scanner.findNext()
      return RecordFailure(failure, offset: number, record: scanner.row)
    case .records(let slice):
      var told = failure
      let place = slice.range.lowerBound + number
      RunSlice(run: slice.run, range: place..<(place + 1)).forEach { frame in
        told = RecordFailure(failure, offset: nil, record: frame.key)
      }
      return told
    case .values: return failure
    }
  }
}
