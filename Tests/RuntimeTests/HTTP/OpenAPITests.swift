// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Testing

@testable import Runtime

@Suite("The description of the HTTP API")
struct OpenAPITests {
  private static var root: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  @Test("docs/reference/openapi.json is what the server serves")
  func page() throws {
    let path = Self.root.appendingPathComponent("docs/reference/openapi.json").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text == OpenAPI.text, "write it with: curl http://HOST:PORT/openapi.json")
  }

  @Test("Each route is there with its method, and nothing else is")
  func operations() throws {
    let document = try JSONReader.read(Array(OpenAPI.text.utf8))
    guard case .object(let paths)? = document["paths"] else {
      Issue.record("no paths")
      return
    }
    var described: [String] = []
    for (path, operations) in paths {
      guard case .object(let operations) = operations else { continue }
      described += operations.map { "\($0.0.uppercased()) \(path)" }
    }
    #expect(described.sorted() == Route.all.map { "\($0.method) \($0.template)" }.sorted())
    #expect(Set(Route.all.map(\.operation)).count == Route.all.count)
  }

  @Test("Each name in a path is a parameter, and each schema that is meant exists")
  func references() throws {
    for route in Route.all {
      let names = route.template.split(separator: "{").dropFirst().map { $0.prefix { $0 != "}" } }
      let declared = route.parameters.filter { $0.place == .path }.map { $0.name[...] }
      #expect(Array(names) == declared, "\(route.template)")
      #expect(Set(route.answers.map(\.status)).count == route.answers.count)
    }
    let names = Set(OpenAPISchemas.all.map(\.0))
    let mark = "#/components/schemas/"
    for rest in OpenAPI.text.components(separatedBy: mark).dropFirst() {
      #expect(names.contains(String(rest.prefix { $0 != "\"" })))
    }
  }

  @Test("docs/http.md names each route")
  func handbook() throws {
    let path = Self.root.appendingPathComponent("docs/http.md").path
    let text = try String(contentsOfFile: path, encoding: .utf8)
    for route in Route.all {
      #expect(text.contains("`\(route.method) \(route.template)"), "\(route.template)")
    }
  }
}
