// SPDX-License-Identifier: Apache-2.0
import Memory
import Testing

@testable import MapReduce

@Suite struct TypedRowTests {
  enum Kind: String, Codable, Sendable { case new, old }

  struct Order: Codable, Record, Equatable {
    var id: Int
    var customer: String
    var price: Double
    var pieces: UInt8?
    var isPaid: Bool
    var kind: Kind
    var note: String?

    enum CodingKeys: String, CodingKey {
      case id, customer, price, pieces
      case isPaid = "paid"
      case kind, note
    }
  }

  private func orders(_ text: String, header: Bool = true) throws -> [Order] {
    let directory = try TemporaryDirectory()
    let path = try directory.write("orders.csv", text)
    return try run { flow in
      flow.read(.csv(path, as: Order.self, header: header)).write(.result("result"))
    }.values(as: Order.self)
  }

  private let first = Order(
    id: 1, customer: "a, \"b\"", price: 2.5, pieces: nil, isPaid: true, kind: .new, note: nil)
  private let second = Order(
    id: -2, customer: "", price: 1e3, pieces: 7, isPaid: false, kind: .old, note: "x")

  @Test func `Properties are found by the names of the columns`() throws {
    let text = """
      kind,paid,pieces,more,price,id,customer,note
      new,true,,?,2.5,1,"a, ""b""\",
      old,0,7,?,1e3,-2,,x
      """
    #expect(try orders(text) == [first, second])
  }

  @Test func `Without a header the order of the properties counts`() throws {
    let text = """
      1,"a, ""b""\",2.5,,1,new,
      -2,,1e3,7,FALSE,old,x
      """
    #expect(try orders(text, header: false) == [first, second])
  }

  @Test func `An optional property needs no column`() throws {
    let text = "id,customer,price,paid,kind\n1,\"a, \"\"b\"\"\",2.5,true,new\n"
    #expect(try orders(text) == [first])
  }

  @Test func `Numbers of 128 bits are read`() throws {
    struct Wide: Codable, Record, Equatable {
      var a: Int128
      var b: UInt128?
    }
    let directory = try TemporaryDirectory()
    let path = try directory.write("wide.csv", "a,b\n-5,\(UInt128.max)\n\(Int128.min),\n")
    let rows = try run { flow in
      flow.read(.csv(path, as: Wide.self)).write(.result("result"))
    }.values(as: Wide.self)
    #expect(rows == [Wide(a: -5, b: .max), Wide(a: .min, b: nil)])
  }

  @Test(arguments: [
    ("x,c,1,1,true,new,", "column 1 (id) holds \"x\", which is no Int"),
    ("1,c,,1,true,new,", "column 3 (price) is empty, which is no Double"),
    ("1,c,1,256,true,new,", "column 4 (pieces) holds \"256\", which is no UInt8"),
    ("1,c,1,1,yes,new,", "column 5 (paid) holds \"yes\", which is no Bool"),
  ])
  func `What does not fit a property is told with its column`(row: String, message: String) throws {
    let error = #expect(throws: JobError.self) {
      _ = try orders("id,customer,price,pieces,paid,kind,note\n" + row + "\n")
    }
    #expect(error?.code == .badInput)
    #expect(error?.message == message)
    #expect(error?.record?.hasSuffix("orders.csv:2  \"\(row)\"") == true)
  }

  @Test func `What a type's own decoder refuses is told with the row`() throws {
    let error = #expect(throws: JobError.self) {
      _ = try orders("id,customer,price,paid,kind\n1,c,2,true,middling\n")
    }
    #expect(error?.code == .badInput)
    #expect(error?.message.hasPrefix("Order cannot be made of this row: ") == true)
    #expect(error?.record?.contains("orders.csv:2") == true)
  }

  @Test func `A column that a property needs is told with the file`() throws {
    let error = #expect(throws: JobError.self) { _ = try orders("id,price\n1,2\n") }
    #expect(error?.message.hasSuffix("orders.csv has no column named customer") == true)
  }

  @Test func `A row is not a list`() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write("file", "1,2\n")
    let error = #expect(throws: JobError.self) {
      _ = try run { flow in
        flow.read(.csv(path, as: [Int].self, header: false)).map { $0.count }
          .write(.result("result"))
      }
    }
    #expect(error?.code == .usage)
  }
}
