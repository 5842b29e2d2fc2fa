// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Memory

extension StageResult {
  /// The first records as text, each behind `margin`.
  func text(
    of limit: Int, as format: RecordFormat, margin: String = ""
  ) throws -> ByteBuffer {
    let formatter = RecordFormatter(format, schema)
    var buffer = ByteBuffer(capacity: 4096)
    if limit > 0 { buffer.append(formatter.header) }
    try first(limit) { key, value in
      buffer.append(margin)
      try formatter.append(key: key, value: value, to: &buffer)
    }
    return buffer
  }

  /// The first records as JSON documents, each with what it belongs to.
  func documents(of limit: Int, belongingTo owner: (String, JSON)) throws -> ByteBuffer {
    let formatter = RecordFormatter(.jsonl, schema)
    let front = JSON.object([("type", .text("record")), owner]).line.dropLast() + ",\"record\":"
    var buffer = ByteBuffer(capacity: 4096)
    try first(limit) { key, value in
      buffer.append(String(front))
      try formatter.append(key: key, value: value, to: &buffer)
      buffer.truncate(to: buffer.count - 1)
      buffer.append("}\n")
    }
    return buffer
  }

  /// How many records are not among the first.
  func left(behind limit: Int) -> Int { max(0, records - limit) }
}
