// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import TestSupport
import Testing

@Suite struct KeyEncodingTests {
  private func encoded<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
    var buffer = ByteBuffer()
    KeyEncoding.append(number, to: &buffer)
    return Array(buffer.bytes)
  }

  private func check<N: FixedWidthInteger>(_ type: N.Type, _ random: inout RandomSource) throws {
    var numbers: Set<N> = [.min, .min + 1, 0, 1, .max - 1, .max]
    if N.isSigned { numbers.insert(0 &- 1) }
    for bit in 0..<N.bitWidth { numbers.formUnion([1 << N(bit), (1 << N(bit)) &- 1]) }
    for _ in 0..<50 { numbers.insert(.random(in: .min ... .max, using: &random)) }
    let sorted = numbers.sorted()
    let keys = sorted.map(encoded)
    for (one, next) in zip(keys, keys.dropFirst()) {
      #expect(one.count == N.bitWidth / 8)
      #expect(one.lexicographicallyPrecedes(next))
    }
    for (number, key) in zip(sorted, keys) {
      try key.withBytes {
        var reader = ByteReader($0)
        let read = KeyEncoding.flipped(try reader.bigEndian(N.self))
        #expect(read == number)
      }
    }
  }

  @Test func `Integers of every width sort as their bytes do, and read back`() throws {
    var random = RandomSource(1)
    try check(Int8.self, &random)
    try check(UInt8.self, &random)
    try check(Int16.self, &random)
    try check(UInt16.self, &random)
    try check(Int32.self, &random)
    try check(UInt32.self, &random)
    try check(Int64.self, &random)
    try check(UInt64.self, &random)
    try check(Int128.self, &random)
    try check(UInt128.self, &random)
  }

  @Test func `Doubles sort as their bits do, with NaN above all`() {
    var random = RandomSource(2)
    var numbers: [Double] = [
      -.infinity, -.greatestFiniteMagnitude, -1, -.leastNormalMagnitude, -.leastNonzeroMagnitude, 0,
      .leastNonzeroMagnitude, .leastNormalMagnitude, 1, .greatestFiniteMagnitude, .infinity,
    ]
    for _ in 0..<500 {
      let number = Double(bitPattern: random.next())
      if !number.isNaN { numbers.append(number) }
    }
    numbers.sort()
    let bits = numbers.map(KeyEncoding.orderedBits)
    for index in numbers.indices.dropFirst() {
      #expect((bits[index - 1] < bits[index]) == (numbers[index - 1] < numbers[index]))
    }
    for (number, bits) in zip(numbers, bits) {
      #expect(KeyEncoding.double(orderedBits: bits) == number)
    }
    #expect(KeyEncoding.orderedBits(-0.0) == KeyEncoding.orderedBits(0.0))
    #expect(KeyEncoding.double(orderedBits: KeyEncoding.orderedBits(-0.0)).sign == .plus)
    for nan in [Double.nan, -.nan, .signalingNaN, Double(nan: 5, signaling: false)] {
      #expect(KeyEncoding.orderedBits(nan) == KeyEncoding.orderedBits(.nan))
      #expect(KeyEncoding.orderedBits(nan) > KeyEncoding.orderedBits(.infinity))
    }
    #expect(KeyEncoding.double(orderedBits: KeyEncoding.orderedBits(.nan)).isNaN)
  }

  private func terminated(_ bytes: [UInt8]) -> [UInt8] {
    var buffer = ByteBuffer()
    bytes.withBytes { KeyEncoding.appendTerminated($0, to: &buffer) }
    return Array(buffer.bytes)
  }

  @Test(arguments: 0..<20) func `Terminated bytes keep their order whatever follows`(seed: Int)
    throws
  {
    var random = RandomSource(seed)
    for _ in 0..<200 {
      let a = random.bytes(random.number(0...6), of: [0, 1, 2, 0xFE, 0xFF])
      let b = random.bytes(random.number(0...6), of: [0, 1, 2, 0xFE, 0xFF])
      let (left, right) = (terminated(a), terminated(b))
      #expect(left.lexicographicallyPrecedes(right) == a.lexicographicallyPrecedes(b))
      // What follows only decides between equal bytes.
      let (behindA, behindB) = (random.bytes(2), random.bytes(2))
      let order = (left + behindA).lexicographicallyPrecedes(right + behindB)
      #expect(
        order
          == (a == b ? behindA.lexicographicallyPrecedes(behindB) : a.lexicographicallyPrecedes(b)))
      try (left + behindA).withBytes {
        var reader = ByteReader($0)
        var target = ByteBuffer()
        try KeyEncoding.readTerminated(&reader, into: &target)
        let read = Array(target.bytes)
        #expect(read == a && reader.remaining == 2)
      }
    }
  }

  @Test(arguments: [[], [5], [0], [5, 0], [0, 0xFF], [0, 2, 0, 1], [0, 0, 1]] as [[UInt8]])
  func `Bytes without their end are damaged`(bytes: [UInt8]) {
    #expect(throws: ByteReader.Damaged.self) {
      try bytes.withBytes {
        var reader = ByteReader($0)
        var target = ByteBuffer()
        try KeyEncoding.readTerminated(&reader, into: &target)
      }
    }
  }

  @Test func `Zig-zag numbers are small near zero and read back`() {
    #expect([0, -1, 1, -2, 2].map(ZigZag.encode) == [0, 1, 2, 3, 4])
    for number in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
      #expect(ZigZag.decode(ZigZag.encode(number)) == number)
    }
  }
}
