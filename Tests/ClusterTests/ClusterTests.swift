// SPDX-License-Identifier: Apache-2.0
import Foundation
import Runtime
import Testing

/// Real processes that die, stall and leave while clients count.
@Suite(.serialized) struct ClusterTests {
  private func founded(_ names: [String], _ transport: String) throws -> Cluster {
    let cluster = try Cluster(transport: transport)
    for name in names {
      try cluster.start(name)
      try cluster.wait(for: cluster.running.map(\.name), at: name)
    }
    return cluster
  }

  /// Waits until clients have got on since.
  private func goOn(_ cluster: Cluster, _ traffic: Traffic) throws {
    let before = traffic.total
    try cluster.eventually("clients go on") { traffic.total >= before + 20 }
  }

  @Test("Nothing is lost when nodes are killed, the leader among them", arguments: ["auto", "tcp"])
  func kills(_ transport: String) throws {
    let cluster = try founded(["n1", "n2", "n3"], transport)
    let traffic = Traffic(clients: 3, paths: cluster.paths)
    try goOn(cluster, traffic)
    for victim in ["n1", "n3"] {
      try cluster.signal(victim, SIGKILL)
      let left = ["n1", "n2", "n3"].filter { $0 != victim }
      try cluster.wait(for: left, at: left[1])
      try goOn(cluster, traffic)
      // A new node of the same name takes its place.
      try cluster.start(victim)
      try cluster.wait(for: ["n1", "n2", "n3"], at: victim)
      try goOn(cluster, traffic)
    }
    try traffic.finish(at: cluster.path("n1"))
  }

  @Test("A node that was stopped for too long ends itself, and nothing is lost")
  func stopped() throws {
    let cluster = try founded(["n1", "n2", "n3"], "auto")
    let traffic = Traffic(clients: 2, paths: [cluster.path("n1"), cluster.path("n3")])
    try goOn(cluster, traffic)
    try cluster.signal("n2", SIGSTOP)
    try cluster.wait(for: ["n1", "n3"], at: "n3")
    try goOn(cluster, traffic)
    try cluster.signal("n2", SIGCONT)
    #expect(try cluster.exitCode(of: "n2") == 75)
    try traffic.finish(at: cluster.path("n3"))
  }

  @Test("All nodes of a cluster are replaced one by one, and nothing is lost")
  func rolling() throws {
    let cluster = try founded(["n1", "n2", "n3"], "auto")
    let names = ["n1", "n2", "n3"]
    let traffic = Traffic(clients: 3, paths: cluster.paths)
    for name in names {
      try goOn(cluster, traffic)
      try cluster.signal(name, SIGTERM)
      #expect(try cluster.exitCode(of: name) == 0)
      try cluster.start(name)
      try cluster.wait(for: names, at: name)
    }
    try goOn(cluster, traffic)
    for name in names { try cluster.wait(for: names, at: name) }
    try traffic.finish(at: cluster.path("n2"))
  }
}
