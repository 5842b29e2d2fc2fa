// SPDX-License-Identifier: Apache-2.0
import Engine

extension HostFacts {
  /// The clusters that this user's nodes are members of, as the first node of each sees it.
  var clusterFindings: [HostFinding] {
    var findings: [HostFinding] = []
    var seen: [String] = []
    for socket in sockets {
      guard let status = socket.status else {
        findings.append(Self.silent(socket.path))
        continue
      }
      guard status.view > 0, !status.cluster.isEmpty else {
        findings.append(
          HostFinding(
            .note, "cluster", "\(status.name) is no member yet: \(status.waits ?? "it joins")"))
        continue
      }
      if seen.contains(status.cluster) { continue }
      seen.append(status.cluster)
      findings.append(Self.cluster(status, socket.path))
    }
    for name in endedNodes {
      findings.append(
        HostFinding(
          .note, "cluster", "\(name), which `up` started, has ended",
          advice: "`down` and `up` start the cluster anew"))
    }
    if findings.isEmpty {
      findings.append(HostFinding(.fine, "cluster", "none runs here; `up -d` starts one"))
    }
    return findings
  }

  private static func silent(_ path: String) -> HostFinding {
    HostFinding(
      .note, "cluster", "no node answers at \(path)",
      advice: "where its node has ended, the file can be removed; else see whether the node hangs")
  }

  private static func cluster(_ status: NodeStatus, _ path: String) -> HostFinding {
    let names = status.peers.map(\.name).joined(separator: ", ")
    let members = "\(names) (view \(status.view)), reached at \(path)"
    let suspects = status.peers.filter(\.isSuspected).map(\.name)
    if !suspects.isEmpty {
      return HostFinding(
        .problem, "cluster", "\(members): does not hear \(suspects.joined(separator: ", "))",
        advice: "see whether those nodes run and can be reached")
    }
    if let lacks = status.inadequacy {
      return HostFinding(
        .problem, "cluster", "\(members): no job can run, \(lacks)",
        advice: "start more nodes with --join")
    }
    if let waits = status.waits { return HostFinding(.note, "cluster", "\(members): \(waits)") }
    return HostFinding(.fine, "cluster", members)
  }
}
