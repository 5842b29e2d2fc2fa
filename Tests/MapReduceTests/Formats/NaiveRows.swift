// SPDX-License-Identifier: Apache-2.0
import TestSupport

/// Reads separated text one byte after the other: what the engine's readers are held against.
enum NaiveRows {
  /// All rows of well-formed text with quoted line ends; lines without a byte are left out.
  static func read(_ bytes: [UInt8], separator: UInt8 = 0x2C) -> [[[UInt8]]] {
    var rows: [[[UInt8]]] = []
    var row: [[UInt8]] = []
    var field: [UInt8] = []
    var isQuoted = false
    var isEmpty = true
    var index = 0
    func following() -> UInt8? { index + 1 < bytes.count ? bytes[index + 1] : nil }
    func endRow() {
      if !isEmpty { rows.append(row + [field]) }
      row = []
      field = []
      isEmpty = true
    }
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case 0x22 where isQuoted && following() == 0x22:
        field.append(byte)
        index += 1
      case 0x22:
        isQuoted.toggle()
        isEmpty = false
      case separator where !isQuoted:
        row.append(field)
        field = []
        isEmpty = false
      case 0x0D where !isQuoted && following() == 0x0A: break
      case 0x0A where !isQuoted: endRow()
      default:
        field.append(byte)
        isEmpty = false
      }
      index += 1
    }
    endRow()
    return rows
  }

  /// Where rows begin, the first one not counted.
  static func starts(_ bytes: [UInt8]) -> [Int] {
    var isQuoted = false
    return bytes.indices.compactMap { index in
      if bytes[index] == 0x22 { isQuoted.toggle() }
      return bytes[index] == 0x0A && !isQuoted ? index + 1 : nil
    }
  }

  /// Random well-formed text with `width` fields in each row.
  static func random(
    _ random: inout RandomSource, rows: Int, width: Int, separator: UInt8 = 0x2C,
    fieldBytes: Int = 8
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    for row in 0..<rows {
      for column in 0..<width {
        if column > 0 { bytes.append(separator) }
        bytes += field(&random, separator, fieldBytes, isAlone: width == 1)
      }
      if row + 1 < rows || random.number(0...1) == 0 {
        bytes += random.number(0...3) == 0 ? [0x0D, 0x0A] : [0x0A]
      }
      if random.number(0...9) == 0, bytes.last == 0x0A { bytes.append(0x0A) }
    }
    return bytes
  }

  private static func field(
    _ random: inout RandomSource, _ separator: UInt8, _ most: Int, isAlone: Bool
  ) -> [UInt8] {
    let count = random.number(0...most)
    if random.number(0...2) == 0 {
      let inner = random.bytes(count, of: [0x22, 0x0A, 0x0D, separator, 0x61, 0xC3])
      return [0x22] + inner.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]
    }
    // A row of one empty field would be no row.
    let plain = random.bytes(max(count, isAlone ? 1 : 0), of: [0x61, 0x62, 0x20, 0x31, 0xC3])
    return plain
  }
}
