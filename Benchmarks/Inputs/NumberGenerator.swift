// SPDX-License-Identifier: Apache-2.0
import Glibc
import Memory

/// Makes graphs and points. The same size always gives the same bytes.
enum NumberGenerator {
  /// Edges between a tenth as many nodes; low numbers are linked to more often than high ones.
  static func writeEdges(_ count: Int, to path: String) throws {
    var random = SplitMix(state: 2)
    let nodes = UInt64(max(2, count / 10))
    try write(count, to: path) { buffer in
      let from = random.next() % nodes
      // The lower of two draws.
      let to = min(random.next() % nodes, random.next() % nodes)
      buffer.append("\(from) \(to)\n")
    }
  }

  /// Points of eight coordinates around eight middles.
  static func writePoints(_ count: Int, to path: String) throws {
    var random = SplitMix(state: 3)
    try write(count, to: path) { buffer in
      let middle = random.next() % 8
      var line = ""
      for coordinate in 0..<8 {
        // The sum of four draws is nearly normal.
        let noise = (0..<4).reduce(0) { sum, _ in sum + Int(random.next() % 2001) - 1000 }
        let value = Int(middle) * 10_000 * (coordinate % 3) + noise
        line += (coordinate == 0 ? "" : ",") + "\(Double(value) / 1000)"
      }
      buffer.append(line + "\n")
    }
  }

  private static func write(
    _ count: Int, to path: String, _ line: (inout ByteBuffer) -> Void
  ) throws {
    let output = try Files.create(path)
    defer { close(output) }
    var buffer = ByteBuffer(capacity: 1 << 20)
    for number in 1...max(1, count) {
      line(&buffer)
      guard buffer.count >= 1 << 19 || number == count else { continue }
      try Files.write(buffer.bytes, to: output)
      buffer.removeAll()
    }
  }
}
