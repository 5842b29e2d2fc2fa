// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import Fabrics
import Glibc
import Vocabulary

/// A kind of fabric that the program can open: a line in the table below.
struct Transport: Sendable {
  let name: String
  /// The address of a member in the n-th group that is formed at the same place.
  let address: @Sendable (_ base: String, _ round: Int) -> String
  let open: @Sendable (Formation) throws -> any Fabric

  static let all = [
    Transport(name: "shm", address: anotherPath) { try SharedMemoryFabric.open($0) },
    Transport(name: "tcp", address: anotherPort) { try TCPFabric.open($0) },
    Transport(name: "verbs", address: anotherPort) { try VerbsFabric.open($0) },
    Transport(name: "auto", address: anotherPort) { formation in
      let (fabric, choice) = try Fabrics.Transport.auto.open(formation)
      say("\(choice)")
      return fabric
    },
  ]

  /// A path beside the given one.
  static func anotherPath(_ path: String, _ round: Int) -> String { "\(path).\(round)" }

  /// The port that many after the given one.
  static func anotherPort(_ address: String, _ round: Int) -> String {
    guard let colon = address.lastIndex(of: ":"),
      let port = Int(address[address.index(after: colon)...])
    else { return address }
    return "\(address[...colon])\(port + round)"
  }
}

/// Which members there are, and which of them this process is.
struct Membership: ParsableArguments {
  @Option(help: "The kind of fabric: \(Transport.all.map(\.name).joined(separator: ", ")).")
  var transport = "shm"

  @Option(help: "Where each member is, by rank, between commas.") var addresses: String

  @Option(help: "Which of them this process is.") var rank: Int?

  @Flag(help: "Run all members on threads of this process.") var all = false

  @Option(help: "Seconds to wait for the others.") var timeout = 60

  @Option(help: "A secret that all members know; hosts other than this one want it.")
  var key: String?

  func validate() throws {
    if !Transport.all.contains(where: { $0.name == transport }) {
      throw ValidationError("no transport is called \"\(transport)\"")
    }
    if !(1...Limits.members).contains(places.count) {
      throw ValidationError("give 1 to \(Limits.members) addresses")
    }
    if (rank != nil) == all {
      throw ValidationError("give either --rank or --all")
    }
    if let rank, !places.indices.contains(rank) {
      throw ValidationError("--rank takes a number from 0 to \(places.count - 1)")
    }
  }

  private var places: [String] { addresses.split(separator: ",").map(String.init) }

  var members: Int { places.count }

  func addresses(round: Int) -> [String] { places.map { chosen.address($0, round) } }

  private var chosen: Transport {
    Transport.all.first { $0.name == transport } ?? Transport.all[0]
  }

  /// What opens a member.
  var open: @Sendable (Rank, GroupPlan, [String]) throws -> any Fabric {
    let chosen = chosen
    let timeout = timeout
    let key = key
    return { rank, plan, addresses in
      var formation = Formation(
        rank: rank, plan: plan, addresses: addresses,
        key: try key.map { try ClusterKey(Array($0.utf8)) })
      formation.timeoutSeconds = timeout
      return try chosen.open(formation)
    }
  }
}

/// Writes a line at once, so that who waits for it sees it.
func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}
