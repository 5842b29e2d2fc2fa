// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Reads tables of all formats, in stages of their own.
struct Tables: Job {
  static let abstract = "Reads a table of each format."

  /// A row of the CSV file.
  struct Order: Codable, Record {
    var customer: String
    var cents: Int
    var note: String?
  }

  @Argument(help: "A CSV file with the columns customer, cents and note.") var orders: String
  @Argument(help: "A file with a JSON object with user and n on every line.") var visits: String
  @Argument(help: "A file of records of 16 bytes.") var records: String

  func plan(_ flow: Flow) {
    flow.read(.csv(orders, as: Order.self))
      .keyed { ($0.customer, $0.cents) }
      .reduce(+)
      .write(.result("cents"))
    flow.read(.csv(orders))
      .map { row in try row.string("note") }
      .sorted()
      .write(.result("notes"))
    flow.read(.jsonl(visits))
      .flatMap(to: (Bytes, Int).self) { line, emit in
        emit(try line.bytes("user"), try line.int("n"))
      }
      .reduce(+)
      .write(.result("visits"))
    flow.read(.binary(records, recordBytes: 16))
      .map { record in String(record) }
      .sorted()
      .write(.result("records"))
  }
}
