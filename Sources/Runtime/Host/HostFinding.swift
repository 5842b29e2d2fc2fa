// SPDX-License-Identifier: Apache-2.0
import Engine
import Vocabulary

/// One thing that was looked at on a host, and what to do about it.
package struct HostFinding: Hashable, Sendable {
  package enum Kind: String, Sendable {
    case fine
    /// Works, and could be better, or is only good to know.
    case note
    /// Nodes or jobs will fail.
    case problem
  }

  package let kind: Kind
  /// What was looked at, in a word or two.
  package let subject: String
  package let text: String
  package let advice: String?

  init(_ kind: Kind, _ subject: String, _ text: String, advice: String? = nil) {
    self.kind = kind
    self.subject = subject
    self.text = text
    self.advice = advice
  }
}

extension HostFacts {
  /// What follows from the facts, in the order in which people read it.
  package var findings: [HostFinding] {
    [kernelFinding] + memoryFindings + limitFindings + [compressionFinding, verbsFinding]
      + [userFinding] + settingsFindings + [directoryFinding] + clusterFindings
  }

  private var kernelFinding: HostFinding {
    if !hasProcessDescriptors || !hasMemoryFiles {
      let lacking = hasProcessDescriptors ? "memfd_create" : "pidfd_open"
      return HostFinding(
        .problem, "kernel", "\(kernel) refuses \(lacking): nodes cannot run executors",
        advice: "use Linux 5.3 or later, and a container whose filter lets the call through")
    }
    return HostFinding(.fine, "kernel", "\(kernel), with pidfd and memfd")
  }

  private var memoryFindings: [HostFinding] {
    var findings: [HostFinding] = []
    let own = min(memoryBytes, memoryLimit ?? .max)
    let shown = "\(ByteCount(own)) for \(processors) processor\(processors == 1 ? "" : "s")"
    if own < Self.leastMemory {
      findings.append(
        HostFinding(
          .problem, "memory", "\(shown): too little for a node and its executors",
          advice: "give this host or container \(ByteCount(Self.leastMemory)) or more"))
    } else if let memoryLimit, memoryLimit < memoryBytes {
      findings.append(
        HostFinding(
          .note, "memory",
          "\(shown): the control group may have no more of the host's \(ByteCount(memoryBytes))",
          advice: "give the group more where jobs are larger: what does not fit goes to a disk"))
    } else {
      findings.append(HostFinding(.fine, "memory", shown))
    }
    // Nodes share memory files, for which this file system does not matter.
    let shm = sharedMemory.map { "\(ByteCount($0.size)), \(ByteCount($0.free)) of it free" }
    findings.append(
      HostFinding(.fine, "/dev/shm", "\(shm ?? "there is none"); nodes do not need it"))
    return findings
  }

  /// A node's own memory and some blocks.
  static let leastMemory = 256 << 20

  private var limitFindings: [HostFinding] {
    var findings: [HostFinding] = []
    if let soft = openFiles.soft, soft < Self.leastFiles {
      let isEnough = openFiles.hard.map { $0 >= Self.leastFiles } ?? true
      findings.append(
        HostFinding(
          .problem, "open files",
          "a process may open \(soft), and a node may need "
            + "\(Self.leastFiles)",
          advice: isEnough
            ? "ulimit -n \(Self.leastFiles)" : "raise the hard limit, as with LimitNOFILE="))
    } else {
      findings.append(
        HostFinding(.fine, "open files", openFiles.soft.map { "up to \($0)" } ?? "no limit"))
    }
    guard !devices.isEmpty else { return findings }
    if let soft = lockedBytes.soft, soft < Self.leastLocked {
      findings.append(
        HostFinding(
          .problem, "locked memory",
          "a process may lock \(ByteCount(Int(clamping: soft))), and RDMA devices need their "
            + "memory locked",
          advice: "ulimit -l unlimited, or LimitMEMLOCK=infinity for a service"))
    } else {
      findings.append(HostFinding(.fine, "locked memory", "enough for RDMA devices"))
    }
    return findings
  }

  /// Clients, peers, executors with four descriptors each, and what programs have anyway.
  static let leastFiles: UInt64 = 1024
  static let leastLocked: UInt64 = 1 << 30

  private var compressionFinding: HostFinding {
    hasLZ4
      ? HostFinding(.fine, "LZ4", "built in")
      : HostFinding(
        .note, "LZ4", "not built in: saved results are not compressed",
        advice: "apt-get install liblz4-dev, and build again")
  }

  private var verbsFinding: HostFinding {
    guard !devices.isEmpty else {
      return HostFinding(.fine, "verbs", "no RDMA device; hosts are connected by TCP")
    }
    let names = devices.joined(separator: ", ")
    guard let verbsObstacle else { return HostFinding(.fine, "verbs", "can be used: \(names)") }
    return HostFinding(
      .note, "verbs", "\(names), not used: \(verbsObstacle)",
      advice: "set node.data-listen to an address of the device, and install rdma-core")
  }

  private var userFinding: HostFinding {
    guard isRoot else { return HostFinding(.fine, "executors", "run as this user") }
    if executorUser == "root" {
      return HostFinding(
        .note, "executors", "run as root: a job may do anything here",
        advice: "set executor.user to a user that may do little")
    }
    guard hasExecutorUser else {
      return HostFinding(
        .problem, "executors", "are to run as \(executorUser), whom this host does not have",
        advice: "set executor.user to a user that it has")
    }
    return HostFinding(.fine, "executors", "run as \(executorUser)")
  }

  private var settingsFindings: [HostFinding] {
    if settingsProblems.isEmpty {
      let files = settingsFiles.isEmpty ? "no file" : settingsFiles.joined(separator: ", ")
      return [HostFinding(.fine, "settings", "valid; read from \(files)")]
    }
    return settingsProblems.map { problem in
      HostFinding(.problem, "settings", problem.description, advice: problem.advice)
    }
  }

  private var directoryFinding: HostFinding {
    guard let problem = socketDirectoryProblem else {
      return HostFinding(.fine, "sockets", "in \(socketDirectory)")
    }
    return HostFinding(
      .problem, "sockets", problem,
      advice: "nodes keep their sockets in a directory that is this user's alone")
  }
}
