// SPDX-License-Identifier: Apache-2.0
import Memory
import TestSupport
import Testing

@testable import Jobs
@testable import MapReduce

@Suite struct RevenueTests {
  @Test(arguments: 0..<4) func `Revenue is that of nested loops`(seed: Int) throws {
    var random = RandomSource(seed)
    let countries = ["Norway", "Chad, north", "Peru"]
    let customers = (0..<40).map { index in
      (id: "c\(index)", name: "Q \(index % 30)", country: countries[random.number(0...2)])
    }
    let orders = (0..<[0, 5, 300, 2000][seed]).map { _ in
      (customer: "c\(random.number(0...45))", cents: random.number(-50...5000))
    }
    let orderFile = try TemporaryFile(
      lines: ["cents,customer"] + orders.map { "\($0.cents),\($0.customer)" })
    let customerFile = try TemporaryFile(
      lines: ["id,country,name"]
        + customers.map { "\($0.id),\"\($0.country)\",\"\"\"\($0.name)\"\"\"" })
    let result = try run(
      Revenue.self, [orderFile.path, "--customers", customerFile.path, "--top", "2"])
    var paid: [String: Int] = [:]
    for order in orders { paid[order.customer, default: 0] += order.cents }
    let known = Dictionary(uniqueKeysWithValues: customers.map { ($0.id, $0.country) })
    var wanted: [String: Int] = [:]
    for (customer, cents) in paid { wanted[known[customer] ?? "unknown", default: 0] += cents }
    let found = try result.pairs("revenue", as: (String, Int).self)
    #expect(Dictionary(uniqueKeysWithValues: found) == wanted)
    #expect(result.counters.map(\.value) == [paid.keys.count { known[$0] == nil }])
    let best = try result.pairs("best-customers", as: (Tuple<String, Int>, Best).self)
    for country in Set(wanted.keys) {
      let sums = paid.filter { (known[$0.key] ?? "unknown") == country }.map(\.value)
        .sorted(by: >)
      let own = best.filter { $0.0.parts.0 == country }
      #expect(own.map(\.0.parts.1) == Array(1...max(1, own.count)).prefix(own.count).map { $0 })
      #expect(own.map(\.1.cents) == Array(sums.prefix(2)))
    }
  }

  @Test func `Bad orders are left out where that is allowed`() throws {
    let orders = try TemporaryFile(lines: ["customer,cents", "c1,5", "c2,five", "c1", "c3,7"])
    let customers = try TemporaryFile(lines: ["id,name,country", "c1,ann,Peru", "c3,bob,Peru"])
    let arguments = [orders.path, "--customers", customers.path, "--allow-bad"]
    let result = try run(Revenue.self, arguments + ["2"])
    #expect(try result.pairs("revenue", as: (String, Int).self).map(\.1) == [12])
    let bad = try #require(result.outputs.first { $0.name == "bad-orders" })
    var places: [String] = []
    try bad.first(.max) { key, _ in places.append(String(key)) }
    #expect(places == [3, 4].map { "\(orders.path):\($0)" })
    #expect(throws: JobError.self) { _ = try run(Revenue.self, arguments + ["1"]) }
  }

  @Test func `A price that is no number names file, line and column`() throws {
    let orders = try TemporaryFile(lines: ["customer,cents", "c1,5", "c2,five"])
    let customers = try TemporaryFile(lines: ["id,name,country"])
    let error = #expect(throws: JobError.self) {
      _ = try run(Revenue.self, [orders.path, "--customers", customers.path])
    }
    let text = try "\(#require(error))"
    #expect(text.contains("cents") && text.contains("five") && text.contains("\(orders.path):3"))
  }
}
