// SPDX-License-Identifier: Apache-2.0
import Glibc
import MapReduce
import Memory

/// A row or an object of the inputs, as a value.
private struct Sale: Decodable {
  var id: Int
  var amount: Int
}

/// Sources: few of the records go on.
extension OperatorInputs {
  var sourceCases: [OperatorCase] {
    lineCases + tableCases + documentCases
  }

  private var lineCases: [OperatorCase] {
    let (pairs, packed, numbers) = (pairs, packed, numbers)
    return [
      OperatorCase(
        name: "lines", records: records,
        plan: { $0.read(.lines(pairs)).filter { $0.isRare }.write(.result("r")) },
        read: Answer.bytes,
        loop: { answer in try eachLine(of: pairs) { if $0.isRare { answer.add($0) } } }),
      OperatorCase(
        name: "binary", records: records,
        plan: {
          $0.read(.binary(packed, recordBytes: 16)).filter { $0[8] == 77 }.write(.result("r"))
        },
        read: Answer.bytes,
        loop: { answer in try eachPacked(of: packed) { if $0[8] == 77 { answer.add($0) } } }),
      OperatorCase(
        name: "values", records: records,
        plan: { $0.read(.values(numbers)).filter { isRare($0) }.write(.result("r")) },
        read: Answer.values,
        loop: { answer in for number in numbers where isRare(number) { answer.add(number) } }),
    ]
  }

  private var tableCases: [OperatorCase] {
    let table = table
    let loop: (inout Answer) throws -> Void = { answer in
      try eachRow(of: table) { fields in
        if let id = Int(fields[0]), let amount = Int(fields[2]), isRare(amount) { answer.add(id) }
      }
    }
    return [
      OperatorCase(
        name: "csv", records: records,
        plan: {
          $0.read(.csv(table)).filter { isRare(try $0.int("amount")) }.map { try $0.int("id") }
            .write(.result("r"))
        }, read: Answer.values, loop: loop),
      OperatorCase(
        name: "csv(as:)", records: records,
        plan: {
          $0.read(.csv(table, as: Sale.self)).filter { isRare($0.amount) }.map { $0.id }
            .write(.result("r"))
        }, read: Answer.values, loop: loop),
    ]
  }

  private var documentCases: [OperatorCase] {
    let documents = documents
    let loop: (inout Answer) throws -> Void = { answer in
      try eachLine(of: documents) { line in
        if let amount = line.number(of: "amount"), isRare(amount), let id = line.number(of: "id") {
          answer.add(id)
        }
      }
    }
    return [
      OperatorCase(
        name: "jsonl", records: records,
        plan: {
          $0.read(.jsonl(documents)).filter { isRare(try $0.int("amount")) }
            .map { try $0.int("id") }
            .write(.result("r"))
        }, read: Answer.values, loop: loop),
      OperatorCase(
        name: "jsonl(as:)", records: records,
        plan: {
          $0.read(.jsonl(documents, as: Sale.self)).filter { isRare($0.amount) }.map { $0.id }
            .write(.result("r"))
        }, read: Answer.values, loop: loop),
    ]
  }
}

/// Hands every record of sixteen bytes to `body`.
@inline(__always) private func eachPacked(
  of path: String, _ body: (Bytes) throws -> Void
) throws {
  let file = try Files.openToRead(path)
  defer { close(file) }
  var buffer = ByteBuffer(capacity: 1 << 19)
  while try Files.read(file, 1 << 18, to: &buffer) > 0 {
    let bytes = buffer.bytes
    var start = 0
    while start &+ 16 <= bytes.count {
      try body(bytes[start..<(start &+ 16)])
      start &+= 16
    }
    buffer.keepTail(from: start)
  }
}

/// Hands the three fields of every row behind the first one to `body`. Fields with quotes are for
/// another loop: one that finds a quote ends with an error.
@inline(__always) private func eachRow(
  of path: String, _ body: (InlineArray<3, Bytes>) throws -> Void
) throws {
  var isFirst = true
  try eachLine(of: path) { line in
    if isFirst {
      isFirst = false
      return
    }
    var fields = InlineArray<3, Bytes>(repeating: line)
    var (count, start, place) = (0, 0, 0)
    while place <= line.count {
      let byte = place < line.count ? line[place] : 0x2C
      if byte == 0x22 { throw BenchmarkError("a quote was not expected here") }
      if byte == 0x2C {
        guard count < 3 else { throw BenchmarkError("a row has more than three fields") }
        fields[count] = line[start..<place]
        count &+= 1
        start = place &+ 1
      }
      place &+= 1
    }
    guard count == 3 else { throw BenchmarkError("a row has fewer than three fields") }
    try body(fields)
  }
}

extension Bytes {
  /// The number in a field of an object without inner ones, whose texts have no escapes.
  fileprivate func number(of name: StaticString) -> Int? {
    let name = Bytes(name)
    var place = 1
    while place < count, self[place] == 0x22 {
      guard let quote = firstIndex(of: 0x22, from: place + 1) else { return nil }
      let start = quote + 2
      var end = start
      if start < count, self[start] == 0x22 {
        guard let closing = firstIndex(of: 0x22, from: start + 1) else { return nil }
        end = closing + 1
      } else {
        while end < count, self[end] != 0x2C, self[end] != 0x7D { end &+= 1 }
      }
      if self[(place + 1)..<quote] == name { return Int(self[start..<end]) }
      place = end + 1
    }
    return nil
  }
}
