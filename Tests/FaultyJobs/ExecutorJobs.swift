// SPDX-License-Identifier: Apache-2.0
// Jobs that make it hard for the process that runs them, and jobs of several stages.

import Glibc
import MapReduce

/// Ends its process, in one of many ways, at the lines that hold a text.
struct EndsAt: Job {
  static let abstract = "Ends its process at the lines that hold a text."

  enum Manner: String, ExpressibleByArgument, CaseIterable {
    case trap
    case exit
    case kill
    case abort
    case recursion
    case memory
    case orphan
    case fold
    case merge
    case wait
  }

  @Argument(help: "How.") var manner: Manner
  @Argument(help: "The text.") var text: String
  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .keyed { [manner, text] line in
        if manner != .fold, manner != .merge, line.contains(text) { end(manner) }
        return (String(line), manner == .fold ? -1 : 1)
      }
      .combine(
        into: 0, { $0 += $1 },
        merge: { [manner] sum, more in
          if manner == .merge { end(.trap) }
          sum += more
        }
      )
      .mapValues { [manner] sum in
        if manner == .fold { end(.trap) }
        return sum
      }
      .write(.result("lines"))
  }
}

private func end(_ manner: EndsAt.Manner) {
  switch manner {
  case .trap, .fold, .merge: fatalError("this line traps")
  case .orphan: leaveOrphan()
  case .exit: exit(3)
  case .kill: kill(getpid(), SIGKILL)
  case .abort: abort()
  case .recursion: print(deep(1))
  case .wait:
    print("pid \(getpid())")
    while getpid() > 0 { sleep(1) }
  case .memory:
    var kept: [[UInt8]] = []
    while kept.count < 1 << 20 { kept.append(Array(repeating: 1, count: 1 << 20)) }
    print(kept.count)
  }
}

/// Starts a program that goes on for long, shows its number, and dies.
private func leaveOrphan() {
  var orphan: pid_t = 0
  var arguments = unsafe [strdup("sleep"), strdup("1000"), nil]
  let failure = unsafe posix_spawn(&orphan, "/bin/sleep", nil, nil, &arguments, environ)
  print("orphan \(orphan) \(failure)")
  abort()
}

private func deep(_ depth: Int) -> Int { depth == 0 ? 0 : deep(depth + 1) &+ depth }

/// Writes to standard output for each line.
struct Talks: Job {
  static let abstract = "Writes much to standard output at the first line."

  @Argument(help: "How many lines to write.") var count: Int
  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .map { [count] line in
        if line.contains("talk") {
          for number in 0..<count { print("line \(number) \(String(repeating: "-", count: 85))") }
        }
        return String(line)
      }
      .write(.result("lines"))
  }
}

/// Makes records of any size.
struct Widens: Job {
  static let abstract = "Makes a record of so many bytes of each line."

  @Argument(help: "How many bytes.") var bytes: Int
  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    flow.read(.lines(input))
      .map { [bytes] line in
        [UInt8](repeating: line.isEmpty ? 0 : line[0], count: bytes) + Array(line)
      }
      .write(.result("wide"))
  }
}

/// Four stages in a row: count, sort by count, take the greatest, count those by length.
struct Chained: Job {
  static let abstract = "Counts words, sorts them, keeps the commonest, and counts their lengths."

  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    let counts = flow.read(.lines(input))
      .flatMap { line, emit in for word in line.words { emit(word, 1) } }
      .reduce(+)
    counts.map { word, count in "\(count) \(String(word))" }
      .sorted()
      .map { $0.utf8.count }
      .keyed { ($0, 1) }
      .reduce(+)
      .write(.result("lengths"))
    counts.top(50).write(.result("top"))
    counts.top(50).map { _, count in count }.keyed { ($0 % 7, 1) }.reduce(+)
      .write(.result("rest"))
  }
}

/// Counts what it comes across.
struct Counts: Job {
  static let abstract = "Counts lines, and words on the way."

  @Argument(help: "Files to read.") var input: [String]

  func plan(_ flow: Flow) {
    let lines = flow.counter("lines")
    let words = flow.counter("words")
    let keys = flow.counter("keys")
    flow.read(.lines(input))
      .flatMap { line, emit in
        lines.add()
        for word in line.words {
          words.add()
          emit(word, 1)
        }
      }
      .reduce(+)
      .map { word, count in
        keys.add()
        return "\(count) \(String(word))"
      }
      .sorted()
      .write(.result("counts"))
  }
}

/// Comes to another sum for the key 7 in each process.
struct Wavers: Job {
  static let abstract = "Sums numbers, and one of the sums is another one in each process."

  func plan(_ flow: Flow) {
    flow.read(.values(Array(0..<10_000)))
      .keyed { number in (number % 10, isSeven(number)) }
      .combine(into: 0, { $0 += $1 }, merge: { sum, more in sum += wavering(more) })
      .write(.result("sums"))
  }
}

private func isSeven(_ number: Int) -> Int { number % 10 == 7 ? 1 : 0 }

private func wavering(_ sum: Int) -> Int {
  if sum == 0 { return 0 }
  return sum + 10_000 * Int(getpid())
}

/// Says whom it runs as, and what it may.
struct TellsUser: Job {
  static let abstract = "Says whom it runs as."

  func plan(_ flow: Flow) {
    flow.read(.values([0]))
      .map { _ in
        print("uid \(getuid()) \(geteuid()) gid \(getgid()) session \(getsid(0) == getpid())")
        print("pid \(getpid())")
        for number in 8..<256 where fcntl(Int32(number), F_GETFD) >= 0 { print("open \(number)") }
        print("stdin \(read(0, nil, 0)) \(readLine() ?? "end")")
        return 1
      }
      .write(.result("user"))
  }
}
