// SPDX-License-Identifier: Apache-2.0

extension ByteBuffer {
  /// Appends how many elements there are, then each of them.
  package mutating func append<T>(list: [T], _ each: (inout ByteBuffer, T) -> Void) {
    appendVarint(UInt64(list.count))
    for element in list { each(&self, element) }
  }

  /// Appends whether there is a value, then the value.
  package mutating func append<T>(optional value: T?, _ each: (inout ByteBuffer, T) -> Void) {
    append((value == nil ? 0 : 1) as UInt8)
    if let value { each(&self, value) }
  }
}

extension ByteReader {
  /// What `append(list:)` wrote. Each element takes a byte at least, so that a damaged count is
  /// found before memory is asked for.
  package mutating func list<T>(
    _ each: (inout ByteReader) throws(Damaged) -> T
  ) throws(Damaged) -> [T] {
    let count = try length()
    var list: [T] = []
    list.reserveCapacity(min(count, 4096))
    for _ in 0..<count { list.append(try each(&self)) }
    return list
  }

  /// What `append(optional:)` wrote.
  package mutating func optional<T>(
    _ each: (inout ByteReader) throws(Damaged) -> T
  ) throws(Damaged) -> T? {
    switch try byte() {
    case 0: nil
    case 1: try each(&self)
    default: throw Damaged()
    }
  }

  /// A number that is not negative.
  package mutating func number() throws(Damaged) -> Int {
    guard let number = Int(exactly: try varint()) else { throw Damaged() }
    return number
  }
}
