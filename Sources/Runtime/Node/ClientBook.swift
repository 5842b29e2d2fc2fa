// SPDX-License-Identifier: Apache-2.0

/// Which client waits for which answer. Clients number their requests themselves, each for itself;
/// the node gets numbers that are its own.
struct ClientBook {
  private struct Line {
    let connection: ConnectionID
    /// The number that the client gave.
    let number: UInt64
  }

  private var lines: [UInt64: Line] = [:]
  private var open: [ConnectionID: Set<UInt64>] = [:]
  private var numbers: UInt64 = 0

  /// Bytes of the number before each request and answer (little-endian).
  static let numberBytes = 8

  /// A request as it came: the node's number for it, and its bytes; nil where it is too short.
  mutating func enter(
    _ connection: ConnectionID, _ frame: [UInt8]
  ) -> (number: UInt64, request: ArraySlice<UInt8>)? {
    guard frame.count >= Self.numberBytes else { return nil }
    let number = frame.prefix(Self.numberBytes).reversed().reduce(UInt64(0)) { sum, byte in
      sum << 8 | UInt64(byte)
    }
    numbers += 1
    lines[numbers] = Line(connection: connection, number: number)
    open[connection, default: []].insert(numbers)
    return (numbers, frame[Self.numberBytes...])
  }

  /// Where an answer goes, and its bytes; nil where nobody waits for it any more.
  mutating func leave(
    _ number: UInt64, _ answer: [UInt8]
  ) -> (connection: ConnectionID, frame: [UInt8])? {
    guard let line = lines.removeValue(forKey: number) else { return nil }
    open[line.connection]?.remove(number)
    return (line.connection, Self.frame(line.number, answer))
  }

  /// A client went away: the numbers of what it still waited for.
  mutating func close(_ connection: ConnectionID) -> [UInt64] {
    let numbers = open.removeValue(forKey: connection) ?? []
    for number in numbers { lines[number] = nil }
    return Array(numbers)
  }

  static func frame(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = []
    frame.reserveCapacity(numberBytes + bytes.count)
    for place in 0..<numberBytes {
      frame.append(UInt8(truncatingIfNeeded: number >> UInt64(8 * place)))
    }
    frame += bytes
    return frame
  }
}
