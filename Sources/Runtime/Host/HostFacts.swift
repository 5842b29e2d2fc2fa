// SPDX-License-Identifier: Apache-2.0
package import Engine

/// What matters to nodes about a host, its user and its settings.
package struct HostFacts: Sendable {
  /// A limit of this process; nil: none.
  package struct Limit: Hashable, Sendable {
    package var soft: UInt64?
    package var hard: UInt64?

    package init(soft: UInt64?, hard: UInt64?) {
      self.soft = soft
      self.hard = hard
    }
  }

  /// A socket of this user's nodes.
  package struct Socket: Sendable {
    package var path: String
    /// Nil where no node answers.
    package var status: NodeStatus?

    package init(path: String, status: NodeStatus?) {
      self.path = path
      self.status = status
    }
  }

  /// As the system says it: `6.1.0-18-amd64`.
  package var kernel = ""
  /// Whether processes can be watched by descriptors, and memory be shared without a name.
  package var hasProcessDescriptors = true
  package var hasMemoryFiles = true
  /// Bytes of `/dev/shm`; nil where there is none.
  package var sharedMemory: (size: Int, free: Int)?
  package var memoryBytes = 0
  /// What this process's control group may have of it; nil: all.
  package var memoryLimit: Int?
  package var processors = 1
  package var openFiles = Limit(soft: nil, hard: nil)
  package var lockedBytes = Limit(soft: nil, hard: nil)
  package var hasLZ4 = true
  /// RDMA devices of the host, by name.
  package var devices: [String] = []
  /// Why verbs cannot be used at the nodes' address; nil where they can.
  package var verbsObstacle: String?
  package var isRoot = false
  /// Whom executors run as where the node is root's, and whether the host has that user.
  package var executorUser = "nobody"
  package var hasExecutorUser = true
  /// Files of settings that are there.
  package var settingsFiles: [String] = []
  package var settingsProblems: [SettingsProblem] = []
  /// The directory of this user's sockets.
  package var socketDirectory = ""
  /// What is wrong with it; nil where nothing is, or where there is none yet.
  package var socketDirectoryProblem: String?
  package var sockets: [Socket] = []
  /// Nodes that `up` started and that run no more.
  package var endedNodes: [String] = []

  package init() {}
}
