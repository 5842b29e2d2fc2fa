// SPDX-License-Identifier: Apache-2.0
import Bench
import MapReduce
import Runtime

/// The same jobs in Spark: a Python that has PySpark, and the script that comes with the sources.
struct SparkProgram {
  /// What one session of Spark took for its runs of a job.
  struct Session {
    /// From the start of its process to the end of the first run.
    let cold: Trial
    /// The runs after the first.
    let warm: [Trial]
  }

  /// Why Spark cannot be measured, and what to do about it.
  struct Absence: Error {
    let reason: String
  }

  private let python: String
  private let script: String
  let version: String

  private static let scriptPath = "Benchmarks/spark/jobs.py"
  private static let secondsMaximum = 1200
  private static let howToGet =
    "PySpark comes by `pip install pyspark`, its Java by `apt-get install openjdk-17-jre-headless`"

  /// Looks for it: `name` is a Python, or `auto`.
  init(_ name: String) throws {
    let wanted = name == "auto" ? "python3" : name
    guard let python = MeasuredHost.program(wanted) else {
      throw Absence(reason: "there is no \(wanted); \(Self.howToGet)")
    }
    guard MeasuredHost.program("java") != nil else {
      throw Absence(reason: "there is no java; \(Self.howToGet)")
    }
    guard let script = Self.script else {
      throw Absence(
        reason: "\(Self.scriptPath) was not found: run this in the root of the sources")
    }
    do throws(MeasuredProcess.Failure) {
      let program = "import pyspark; print(pyspark.__version__)"
      version = String(
        try MeasuredProcess.run(
          [python, "-c", program], seconds: 60,
          isCancelled: { Interrupt.cancellation.isCancelled }
        ).output.prefix { !$0.isNewline })
    } catch {
      if error.isCancelled { throw JobError.benchInterrupted }
      throw Absence(reason: "\(python) has no PySpark; \(Self.howToGet)")
    }
    self.python = python
    self.script = script
  }

  /// In the working directory, or above the executable that was built there.
  private static var script: String? {
    var places = [Terminal.workingDirectory]
    var directory = LocalClusterSettings.ownExecutable[...]
    while let slash = directory.lastIndex(of: "/"), slash > directory.startIndex {
      directory = directory[..<slash]
      places.append(String(directory))
    }
    return places.map { "\($0)/\(scriptPath)" }.first { MeasuredHost.canRead($0) }
  }

  /// Runs a job in a new session, `runs` times, at least twice; leaves its result as text.
  func session(
    _ job: String, _ input: String, runs: Int, scratch: String, result: String?
  ) throws -> Session {
    let gigabytes = max(1, min(8, MeasuredHost.memoryBytes / 3 / 1_000_000_000))
    let command = [
      python, script, job, input, "--runs", "\(runs)", "--cores", "\(MeasuredHost.processors)",
      "--memory", "\(gigabytes)g", "--scratch", scratch,
    ]
    let process: MeasuredProcess
    do throws(MeasuredProcess.Failure) {
      process = try MeasuredProcess.run(
        command + (result.map { ["--result", $0] } ?? []), seconds: Self.secondsMaximum,
        isCancelled: { Interrupt.cancellation.isCancelled })
    } catch { throw JobError(error) }
    let found = process.output.split(separator: "\n").compactMap { Run(String($0)) }
    guard found.count == runs, let first = found.first else {
      throw JobError(
        .failed, "Spark told of \(found.count) runs, not of \(runs): \(process.output)")
    }
    return Session(
      cold: Trial(wall: first.ended - process.started, cpu: first.cpu, peak: first.peak),
      warm: found.dropFirst().map { Trial(wall: $0.seconds, cpu: $0.cpu, peak: $0.peak) })
  }

  /// What the script prints of a run.
  private struct Run {
    let seconds: Double
    let ended: Double
    let cpu: Double
    let peak: Int

    init?(_ line: String) {
      let fields = line.split(separator: "\t")
      guard fields.count == 7, fields[0] == "run", let seconds = Double(fields[2]),
        let ended = Double(fields[3]), let cpu = Double(fields[4]), let peak = Int(fields[5])
      else { return nil }
      self.seconds = seconds
      self.ended = ended
      self.cpu = cpu
      self.peak = peak
    }
  }
}
