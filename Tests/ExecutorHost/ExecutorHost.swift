// SPDX-License-Identifier: Apache-2.0
// A process with a pool of executors, as a node is one: to be killed by a test, or to be measured.

import Dataflow
import Exchange
import ExecutorSupport
import Glibc
import Memory
import Runtime
import Vocabulary

@main struct ExecutorHost {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch arguments.first {
    case "wait" where arguments.count == 3: try wait(arguments[1], arguments[2])
    case "measure" where arguments.count == 4:
      try Measures(executable: arguments[1], directory: arguments[2], input: arguments[3]).run()
    default: print("usage: ExecutorHost wait EXECUTABLE DIRECTORY | measure EXECUTABLE DIR FILE")
    }
  }

  /// Has an executor work for ever, and shows what it writes.
  private static func wait(_ executable: String, _ directory: String) throws {
    let place = try Workplace(slots: 1)
    let file = InputFile(path: "lines.txt", size: 4, isStream: false)
    let job = JobSpec("ends-at", ["wait", "one", "lines.txt"], in: directory)
    let work = ExecutorTask.Work.map(
      BranchID(StageID(0), 0), .files([FileRange(file: file, range: 0..<4)]), samples: [])
    place.pool.start(
      0, ExecutorTask(number: 1, job: job, fingerprint: nil, work: work), executable: executable)
    while true {
      for line in place.pool.takeLines().lines {
        print(line.text)
        fflush(nil)
      }
      usleep(1000)
    }
  }
}

/// What the border costs.
struct Measures {
  let executable: String
  let directory: String
  let input: String

  func run() throws {
    try start()
    try roundTrip()
    try wordCount()
    try blocks()
  }

  private func show(_ what: String, _ nanoseconds: [UInt64]) {
    let sorted = nanoseconds.sorted()
    let p50 = sorted[sorted.count / 2] / 1000
    let p99 = sorted[sorted.count * 99 / 100] / 1000
    print("\(what): p50 \(p50) us, p99 \(p99) us, of \(sorted.count)")
  }

  private func timed(_ body: () throws -> Void) rethrows -> UInt64 {
    let began = clock()
    try body()
    return clock() - began
  }

  private func clock() -> UInt64 {
    var now = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }

  private func cpu(_ who: __rusage_who_t) -> Double {
    var usage = rusage()
    unsafe getrusage(who, &usage)
    let micro = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + micro / 1e6
  }

  private func start() throws {
    let place = try Workplace(slots: 1)
    var taken: [UInt64] = []
    for code in 1...50 as ClosedRange<UInt8> {
      let job = JobSpec("teragen", ["0"], code: code)
      taken.append(try timed { _ = try place.perform(job, executable, [.plan]) })
    }
    show("a new executor until its first plan", taken)
  }

  private func roundTrip() throws {
    let place = try Workplace(slots: 1)
    let job = JobSpec("teragen", ["0"])
    var taken: [UInt64] = []
    for _ in 0..<5000 {
      taken.append(
        try timed {
          _ = try place.perform(
            job, executable, [.map(BranchID(StageID(0), 0), .values(0..<0), samples: [])])
        })
    }
    show("an empty map task", taken)
  }

  private func wordCount() throws {
    let place = try Workplace(arenaBytes: 2 << 30)
    let before = cpu(RUSAGE_SELF.rawValue)
    let driver = Driver(
      place: place, job: JobSpec("wordcount", [input], in: directory), executable: executable)
    var records = 0
    let wall = try timed {
      records = try driver.run().outputs["wordcount"]?.reduce(0) { $0 + $1.records } ?? 0
    }
    let own = cpu(RUSAGE_SELF.rawValue) - before
    let children = cpu(RUSAGE_CHILDREN.rawValue)
    place.close()
    print(
      "wordcount: \(records) words, wall \(Double(wall) / 1e9) s, cpu of the node \(own) s, of "
        + "executors \(cpu(RUSAGE_CHILDREN.rawValue) - children) s")
  }

  private func blocks() throws {
    let place = try Workplace(slots: 1, arenaBytes: 2 << 30)
    let job = JobSpec("terasort", [input], in: directory)
    guard
      case .listed(let files) = try place.perform(
        job, executable, [.list(BranchID(StageID(0), 0))])[0]
        .report()
    else { return }
    let splits = Splits.pack(files)
    var bytes = 0
    let wall = try timed {
      for split in splits {
        let work = ExecutorTask.Work.map(BranchID(StageID(0), 0), .files(split), samples: [])
        let result = try place.perform(job, executable, [work])[0]
        bytes += result.blocks.reduce(0) { $0 + $1.block.count }
      }
    }
    print("blocks: \(Double(bytes) / Double(wall) * 1000) MB/s through one executor (\(bytes) B)")
  }
}
