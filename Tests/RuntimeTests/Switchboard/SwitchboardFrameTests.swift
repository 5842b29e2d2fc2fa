// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Runtime

@Suite struct SwitchboardFrameTests {
  private func cut(_ bytes: [UInt8], pieces: [Int], maximum: Int = 1000) throws -> [[UInt8]] {
    var cutter = FrameCutter(bytesMaximum: maximum)
    var found: [[UInt8]] = []
    var start = 0
    for piece in pieces + [bytes.count] where start < bytes.count {
      let end = min(start + piece, bytes.count)
      try unsafe Array(bytes[start..<end]).withUnsafeBytes { raw in
        try unsafe cutter.cut(raw) { found.append($0) }
      }
      start = end
    }
    return found
  }

  @Test func `Frames are the same however the stream is cut`() throws {
    let seed = 4
    var random = RandomSource(seed)
    for _ in 0..<300 {
      let frames = (0..<random.number(0...8)).map { _ in random.bytes(random.number(0...40)) }
      let stream = frames.flatMap { StreamFrame.header($0.count) + $0 }
      let pieces = stream.map { _ in random.number(1...9) }
      #expect(try cut(stream, pieces: pieces) == frames, "seed \(seed)")
      #expect(try cut(stream, pieces: []) == frames, "seed \(seed)")
    }
  }

  @Test(arguments: [1, 2, 3, 4, 5, 100]) func `A length above the limit is found`(piece: Int) {
    let stream = StreamFrame.header(2) + [1, 2] + StreamFrame.header(1001)
    #expect {
      try cut(stream, pieces: stream.map { _ in piece })
    } throws: { error in
      (error as? FrameCutter.Excess)?.byteCount == 1001
    }
  }
}
