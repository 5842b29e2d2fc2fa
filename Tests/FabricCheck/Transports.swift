// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Environment
import Fabrics
import Glibc
import Vocabulary

extension Transport: ExpressibleByArgument {}

extension Membership {
  /// The address of a member in the n-th group that is formed at the same place: a path beside the
  /// given one, or the port that many after it.
  static func another(_ address: String, _ round: Int) -> String {
    if address.contains("/") { return "\(address).\(round)" }
    guard let colon = address.lastIndex(of: ":"),
      let port = Int(address[address.index(after: colon)...])
    else { return address }
    return "\(address[...colon])\(port + round)"
  }

  /// Which members read each other's memory in place.
  var hostsByRank: Hosts {
    if !hostNames.isEmpty, transport == .auto || transport == .mixed { return Hosts(hostNames) }
    let isShared = transport == .shm || transport == .auto && addresses.contains("/")
    return isShared ? Hosts(together: members) : Hosts(apart: members)
  }
}

/// Which members there are, and which of them this process is.
struct Membership: ParsableArguments {
  @Option(help: "How members meet: shm, tcp, verbs, mixed, or auto.") var transport = Transport.shm

  @Option(help: "Where each member is, by rank, between commas.") var addresses: String

  @Option(
    help: """
      On which host each member is, by rank, between commas: those of one share memory. Addresses \
      are of the form host:port then, and --sockets names a directory.
      """) var hosts: String?

  @Option(help: "Where the sockets of members are that share memory.") var sockets: String?

  @Option(help: "Which of them this process is.") var rank: Int?

  @Flag(help: "Run all members on threads of this process.") var all = false

  @Option(help: "Seconds to wait for the others.") var timeout = 60

  @Option(help: "A secret that all members know; hosts other than this one want it.")
  var key: String?

  func validate() throws {
    if !(1...Limits.members).contains(places.count) {
      throw ValidationError("give 1 to \(Limits.members) addresses")
    }
    if (rank != nil) == all {
      throw ValidationError("give either --rank or --all")
    }
    if hosts != nil, hostNames.count != places.count || sockets == nil {
      throw ValidationError("give a host for each address, and --sockets")
    }
    if let rank, !places.indices.contains(rank) {
      throw ValidationError("--rank takes a number from 0 to \(places.count - 1)")
    }
  }

  private var places: [String] { addresses.split(separator: ",").map(String.init) }

  var members: Int { places.count }

  func addresses(round: Int) -> [String] { places.map { Self.another($0, round) } }

  var hostNames: [String] { (hosts ?? "").split(separator: ",").map(String.init) }

  /// What opens a member.
  var open: @Sendable (Rank, GroupPlan, [String]) throws -> any Fabric {
    let transport = transport
    let timeout = timeout
    let key = key
    let hosts = hostNames
    let sockets = sockets
    return { rank, plan, addresses in
      let formation = try Self.formation(
        rank, plan, addresses, hosts: hosts, sockets: sockets, key: key, timeout: timeout)
      let (fabric, choice) = try transport.open(formation)
      if transport == .auto {
        say("\(choice)")
        if !hosts.isEmpty { for line in choice.pairs(of: formation) { say(line) } }
      }
      return fabric
    }
  }

  /// What this process forms a group by.
  func formation(_ plan: GroupPlan) throws -> Formation {
    try Self.formation(
      Rank(rank ?? 0), plan, addresses(round: 0), hosts: hostNames, sockets: sockets, key: key,
      timeout: timeout)
  }

  private static func formation(
    _ rank: Rank, _ plan: GroupPlan, _ addresses: [String], hosts: [String], sockets: String?,
    key: String?, timeout: Int
  ) throws -> Formation {
    let key = try key.map { try ClusterKey(Array($0.utf8)) }
    let places = zip(hosts, addresses).map { host, address in
      // The port tells apart members and groups that follow each other.
      let port = address.split(separator: ":").last ?? "0"
      return MemberPlace(host: host, path: "\(sockets ?? "")/\(port)", address: address)
    }
    var formation =
      hosts.isEmpty
      ? Formation(rank: rank, plan: plan, addresses: addresses, key: key)
      : Formation(rank: rank, plan: plan, places: places, key: key)
    formation.timeoutSeconds = timeout
    return formation
  }
}

/// Writes a line at once, so that who waits for it sees it.
func say(_ line: String) {
  let bytes = Array((line + "\n").utf8)
  _ = unsafe bytes.withUnsafeBytes { unsafe write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}
