// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite struct EndpointTests {
  @Test(
    "An endpoint that was written is the same when it is read",
    arguments: [
      Endpoint(directory: "/run/a|b", address: "10.0.0.1:7400", verbsPort: nil),
      Endpoint(directory: "", address: "[::1]:7400", verbsPort: 7401),
    ])
  func text(_ endpoint: Endpoint) {
    #expect(Endpoint(endpoint.text) == endpoint)
  }

  @Test("Over verbs a node is met at a port of its own, where it has a device")
  func verbs() {
    let both = Endpoint(directory: "/d", address: "10.0.0.1:7400", verbsPort: 7401)
    #expect(both.hasDevice && both.verbsAddress == "10.0.0.1:7401")
    let six = Endpoint(directory: "/d", address: "[fe80::1]:7400", verbsPort: 9)
    #expect(six.verbsAddress == "[fe80::1]:9")
    let none = Endpoint(directory: "/d", address: "10.0.0.1:7400", verbsPort: nil)
    #expect(!none.hasDevice && none.verbsAddress == none.address)
  }

  @Test("What is no endpoint is not read", arguments: ["", "a:1", "a:1|tcp"])
  func damaged(_ text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test(
    "A port for verbs that is none is passed over", arguments: ["verbs", "verbs:", "verbs:70000"])
  func noPort(_ way: String) {
    #expect(Endpoint("10.0.0.1:7400|\(way)|/d")?.hasDevice == false)
  }
}
