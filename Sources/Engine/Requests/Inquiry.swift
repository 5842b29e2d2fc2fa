// SPDX-License-Identifier: Apache-2.0
import Memory
import Replication
package import Vocabulary

/// What people ask one member about its part in jobs. Any node passes it on to the member that
/// knows; the answer is lines of text.
package enum Inquiry: Hashable, Sendable {
  /// What a job waits for, asked of whoever schedules.
  case waits(JobID)
  /// The last lines that executors of a member wrote for a job.
  case output(JobID, of: NodeID)
  /// What a member is at: its steps, its executors, its memory.
  case work(of: NodeID)
  /// A member leaves, once others hold what it holds. The last one stays.
  case drain(NodeID)

  var encoded: [UInt8] {
    var out = ByteBuffer(capacity: 32)
    switch self {
    case .waits(let job):
      out.append(0 as UInt8)
      out.appendVarint(job.number)
    case .output(let job, let node):
      out.append(1 as UInt8)
      out.appendVarint(job.number)
      out.append(node)
    case .work(let node):
      out.append(2 as UInt8)
      out.append(node)
    case .drain(let node):
      out.append(3 as UInt8)
      out.append(node)
    }
    return Array(out.bytes)
  }

  init?(_ bytes: [UInt8]) {
    let read = try? bytes.withBytes { bytes throws(ByteReader.Damaged) -> Inquiry in
      var reader = ByteReader(bytes)
      let inquiry: Inquiry
      switch try reader.byte() {
      case 0: inquiry = .waits(JobID(try reader.varint()))
      case 1:
        let job = JobID(try reader.varint())
        inquiry = .output(job, of: try reader.id())
      case 2: inquiry = .work(of: try reader.id())
      case 3: inquiry = .drain(try reader.id())
      default: throw ByteReader.Damaged()
      }
      guard reader.isAtEnd else { throw ByteReader.Damaged() }
      return inquiry
    }
    guard let read else { return nil }
    self = read
  }

  /// The lines of an answer; nil where it is none.
  package static func lines(_ bytes: [UInt8]) -> [String]? {
    try? bytes.withBytes { bytes throws(ByteReader.Damaged) -> [String] in
      var reader = ByteReader(bytes)
      return try reader.list { reader throws(ByteReader.Damaged) in try reader.text() }
    }
  }

  static func answer(_ lines: [String]) -> Reply {
    var out = ByteBuffer(capacity: 256)
    out.append(list: lines) { $0.append(counted: $1) }
    return .outcome(.done(Array(out.bytes)))
  }
}
