// SPDX-License-Identifier: Apache-2.0
import CSystem
import Glibc

/// Whom executors run as.
package struct ExecutorUser: Sendable, Hashable {
  package let name: String
  package let user: UInt32
  package let group: UInt32

  package init(name: String, user: UInt32, group: UInt32) {
    self.name = name
    self.user = user
    self.group = group
  }

  /// A user of this host; nil where there is none of this name.
  package init?(named name: String) {
    var user: UInt32 = 0
    var group: UInt32 = 0
    guard unsafe mapred_find_user(name, &user, &group) == 0 else { return nil }
    self.init(name: name, user: user, group: group)
  }
}

/// How a node keeps its executors.
package struct ExecutorSettings: Sendable {
  /// How many tasks run at a time.
  package var slots: Int
  /// Bytes through which an executor's blocks leave: the largest record, too. Memory is only taken
  /// where something is written.
  package var areaBytes = 64 << 20
  /// What an executor may hold of folds, and where the rest goes.
  package struct Hold: Sendable, Hashable {
    package let bytes: Int
    /// A directory.
    package let scratch: String

    package init(bytes: Int, scratch: String) {
      self.bytes = bytes
      self.scratch = scratch
    }
  }

  /// Nil: all that it needs.
  package var hold: Hold?
  /// Bytes of memory that an executor may have for itself; nil: no limit.
  package var memoryBytes: Int?
  /// How long a task may work on one chunk.
  package var deadlineNanoseconds: UInt64 = 300_000_000_000
  /// How long a cancelled task may go on.
  package var graceNanoseconds: UInt64 = 5_000_000_000
  /// How long an executable may take to say that it is one of jobs.
  package var helloNanoseconds: UInt64 = 30_000_000_000
  /// Processes that a slot keeps, for different executables.
  package var processesPerSlot = 3
  /// Whom executors run as; nil: as the node. Only root can choose.
  package var user: ExecutorUser?

  package init(slots: Int) { self.slots = slots }
}
