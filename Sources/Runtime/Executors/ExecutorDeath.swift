// SPDX-License-Identifier: Apache-2.0
import CSystem
import Exchange
import Glibc
import Vocabulary

/// How an executor came to its end, in words.
struct ExecutorDeath {
  /// What the system tells of the end.
  enum End {
    case exit(Int32)
    case signal(Int32)
  }

  /// Why the node ended it; nil where it did not.
  enum Reason {
    case hung(nanoseconds: UInt64)
    case disobedient
    case otherVersion(UInt64)
    case silent
    case unreadable
  }

  let path: String
  let hasSaidHello: Bool
  let isWorking: Bool
  let memoryBytes: Int?
  let tail: [String]

  func failure(_ end: End, _ reason: Reason?) -> JobFailure {
    let (message, advice) = words(end, reason)
    return JobFailure(
      exitCode: 1, code: "failed", message: message, advice: advice, trace: tail)
  }

  private func words(_ end: End, _ reason: Reason?) -> (String, String?) {
    switch reason {
    case .hung(let nanoseconds):
      return (
        "the executor hung: it made no progress for \(nanoseconds / 1_000_000_000) s, and was "
          + "killed", "look for a loop or a wait without end in the stage's closures"
      )
    case .disobedient: return ("the executor was killed: it went on with a cancelled task", nil)
    case .otherVersion(let version):
      return (
        "the executable was built with another version of MapReduce: it speaks version "
          + "\(version) of the executors' protocol, and this node \(ExecutorBorder.version)",
        "build the job with the version of the cluster, and submit it again"
      )
    case .silent:
      return ("the executable did not say within its time that it holds jobs", Self.isNoJob)
    case .unreadable where !hasSaidHello:
      return ("the executable does not speak as one of jobs does", Self.isNoJob)
    case .unreadable:
      return (
        "the executor sent what cannot be read, and was killed",
        "look for closures that write outside of their memory"
      )
    case nil: return ended(end)
    }
  }

  private static let isNoJob =
    "submit an executable whose main type is a CommandLineTool of MapReduceCommand"

  private func ended(_ end: End) -> (String, String?) {
    if !hasSaidHello {
      return ("the executable \(manner(end)) before it could take a task", Self.isNoJob)
    }
    if hasRunOutOfMemory(end) {
      let limit = memoryBytes.map { "; its limit is \(ByteCount($0))" } ?? ""
      return (
        "the executor \(manner(end)): out of memory\(limit)",
        "raise executor.memory, or keep less in the values of a key"
      )
    }
    let advice =
      isWorking ? "run the job without a cluster, on this input, to look into it" : nil
    return ("the executor \(manner(end))", advice)
  }

  private func hasRunOutOfMemory(_ end: End) -> Bool {
    guard case .signal(let number) = end else { return false }
    // Nobody but the system kills an executor, besides the node, which knows why.
    if number == SIGKILL { return true }
    return tail.contains { line in
      guard line.contains("Fatal error") || line.contains("terminate called") else { return false }
      return ["out of memory", "failed to allocate", "bad_alloc"].contains { line.contains($0) }
    }
  }

  private func manner(_ end: End) -> String {
    switch end {
    case .exit(let code):
      return "exited with \(code)" + (isWorking ? " in the middle of a task" : "")
    case .signal(SIGKILL): return "was killed"
    case .signal(let number):
      let name = "SIG" + (unsafe String(cString: mapred_signal_name(number)))
      let kind =
        switch number {
        case SIGILL, SIGTRAP: " (a trap)"
        case SIGSEGV, SIGBUS: " (memory that is not its own, or too deep a recursion)"
        case SIGABRT: " (abort)"
        default: ""
        }
      return "ended by \(name)\(kind)"
    }
  }
}
