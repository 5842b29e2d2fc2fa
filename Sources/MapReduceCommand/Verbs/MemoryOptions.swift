// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MapReduce
import Memory
import Runtime
import Vocabulary

/// How much memory records may take, and where the others are kept.
struct MemoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      How much memory may be taken, like 512MiB: what would be held beyond that goes to scratch. \
      Where it is left out: 60 % of what this process may have.
      """, valueName: "size"))
  var memory: String?

  @Option(help: ArgumentHelp("Where what does not fit into memory is kept.", valueName: "dir"))
  var scratch: String?

  func validate() throws {
    if let memory, Units.bytes(memory) == nil {
      throw ValidationError("--memory takes a size like 512MiB, not \(memory)")
    }
  }

  /// Whether any of them was given.
  var areNamed: Bool { memory != nil || scratch != nil }

  /// What may be taken by so many processes together.
  func bytes(sharers: Int) -> Int {
    memory.flatMap(Units.bytes)
      ?? max(sharers * MemoryBudget.limitMinimum, HostMemory.standard(of: HostMemory.available))
  }

  /// What one of them may hold of it.
  func budget(sharers: Int = 1) throws -> MemoryBudget {
    let bytes = bytes(sharers: sharers)
    let least = sharers * MemoryBudget.limitMinimum
    guard sharers == 1 || bytes >= least else {
      throw JobError(
        .usage,
        "\(ByteCount(bytes)) of memory are too little for \(sharers - 1) nodes and this process",
        advice: "allow \(ByteCount(least)) at least, or start fewer nodes (--on local:N)")
    }
    let directory = scratch ?? SettingsSources.scratchDirectory(SettingsSources.processEnvironment)
    return try MemoryBudget(limit: bytes / sharers, scratch: directory)
  }
}
