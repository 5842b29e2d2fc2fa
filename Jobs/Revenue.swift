// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Adds up what customers have paid, by country, and names the best customers of each.
struct Revenue: Job {
  static let abstract = "Joins orders with customers: revenue by country, and its best customers."

  @Argument(help: "Orders: CSV with a header that names customer and cents.")
  var orders: [String]
  @Option(help: "Customers: CSV with a header that names id, name and country.")
  var customers: [String]
  @Option(help: "Customers to name in each country.") var top = 3
  @Option(help: "Orders that may be left out as bad; they become the result bad-orders.")
  var allowBad = 0

  func validate() throws {
    if top < 0 { throw ValidationError("a number of customers is not negative") }
    if allowBad < 0 { throw ValidationError("a number of orders is not negative") }
  }

  func plan(_ flow: Flow) {
    let unknown = flow.counter("orders of unknown customers")
    let paid = flow.read(.csv(orders))
      .keyed { row in (try row.string("customer"), try row.int("cents")) }
      .onError(allowBad > 0 ? .deadLetter("bad-orders", limit: allowBad) : .fail)
      .reduce(+)
    let people = flow.read(.csv(customers, as: Customer.self)).keyed(by: \.id)
    let sales = paid.leftJoin(people) { _, cents, customer in
      if customer == nil { unknown.add() }
      return Sale(country: customer?.country, name: customer?.name ?? "", cents: cents)
    }
    .values
    .keyed { ($0.country ?? "unknown", $0) }
    sales.mapValues(\.cents).reduce(+).write(.result("revenue"))
    sales.group(orderedBy: { Tuple(-$0.cents, $0.name) }, to: (Tuple<String, Int>, Best).self) {
      [top] country, sales, emit in
      for (place, sale) in sales.prefix(top).enumerated() {
        emit(Tuple(country, place + 1), Best(name: sale.name, cents: sale.cents))
      }
    }
    .write(.result("best-customers"))
  }
}

struct Customer: Codable, Record {
  var id: String
  var name: String
  var country: String
}

/// All that one customer has paid.
struct Sale: Codable, Record {
  var country: String?
  var name: String
  var cents: Int
}

struct Best: Codable, Record, Equatable {
  var name: String
  var cents: Int
}
