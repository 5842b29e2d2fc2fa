// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// A group of measurements that are run and reported together.
protocol Suite {
  static var name: String { get }
  static var parameters: [Parameter] { get }
  static func run(_ session: Session) throws
}

/// A size that a suite works with: a large value for figures, a small one to see that it works.
struct Parameter: Sendable {
  let name: String
  let large: Int
  let small: Int
}

/// One call of this program: what its suites share.
final class Session {
  let isSmall: Bool
  let repetitions: Int
  let reporter: Reporter
  let scratch: ScratchDirectory
  let references: References
  let inputs: Inputs
  /// What multicast is to be measured over.
  let transports: [Transport]
  /// What names of cases hold that are to be measured; nil: all are.
  let only: String?

  init(
    isSmall: Bool, repetitions: Int, reporter: Reporter, scratch: ScratchDirectory,
    references: References, inputs: Inputs, transports: [Transport],
    only: String?
  ) {
    self.isSmall = isSmall
    self.repetitions = repetitions
    self.reporter = reporter
    self.scratch = scratch
    self.references = references
    self.inputs = inputs
    self.transports = transports
    self.only = only
  }

  func run(_ suite: any Suite.Type) throws {
    reporter.begin(suite.name, suite.parameters.map { ($0.name, self[$0]) })
    try suite.run(self)
  }

  subscript(parameter: Parameter) -> Int { isSmall ? parameter.small : parameter.large }

  /// Text of at most this size: the given file, whole where runs are large, else generated.
  func text(_ size: Parameter) throws -> Input {
    try inputs.text(bytes: self[size], isWhole: !isSmall)
  }

  var cores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// 1, 2 and all cores, as far as there are as many.
  var threadCounts: [Int] { Set([1, min(2, cores), cores]).sorted() }

  /// The release `mapred` that was built with this program.
  func engine() throws -> Engine { try Engine(scratch: scratch) }
}

/// What ends a run early.
struct BenchmarkError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }

  /// A failed system call.
  static func system(_ what: String) -> BenchmarkError {
    let reason = unsafe strerror(errno).map { unsafe String(cString: $0) }
    return BenchmarkError("\(what): \(reason ?? "error \(errno)")")
  }
}
