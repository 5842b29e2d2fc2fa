// SPDX-License-Identifier: Apache-2.0
import Bench
import Fabrics
import MapReduce
import Runtime

/// The suite's jobs beside Spark's.
extension SuiteRun {
  /// The names under which figures stand.
  private enum Variant {
    static let inline = "inline"
    static let submit = "submit"
    static let sparkCold = "Spark, cold"
    static let sparkWarm = "Spark, warm"
    static func cold(_ shape: ClusterShape) -> String { "run --on local:\(shape.nodes)" }
  }

  /// The trials of a case, by variant.
  private struct Trials {
    var inline: [Trial] = []
    var cold: [Trial] = []
    var submit: [Trial] = []
    var sparkCold: [Trial] = []
    var sparkWarm: [Trial] = []
  }

  /// Looks for Spark; nil, and a note, where it is not there and nobody asked for it.
  mutating func spark() throws -> SparkProgram? {
    guard options.spark != "off" else { return nil }
    do {
      let spark = try SparkProgram(options.spark)
      note("Spark \(spark.version), local[\(MeasuredHost.processors)], DataFrames")
      return spark
    } catch let absence as SparkProgram.Absence {
      guard options.spark == "auto" else {
        throw JobError(.noInput, "Spark cannot be measured: \(absence.reason)")
      }
      note("Spark was left out: \(absence.reason)")
      return nil
    }
  }

  mutating func measure(_ shape: ClusterShape, beside spark: SparkProgram) throws {
    guard !isLate, let cluster = try cluster(shape, over: options.transports.items[0]) else {
      return note("Spark was left out: the time was up (--seconds-limit)")
    }
    defer { cluster.end() }
    for work in works {
      guard !isLate else {
        return note("not all was measured beside Spark: the time was up (--seconds-limit)")
      }
      try show(measure(work, shape, cluster, spark))
    }
  }

  private mutating func measure(
    _ work: Work, _ shape: ClusterShape, _ cluster: WarmCluster, _ spark: SparkProgram
  ) throws -> CaseFigures {
    let input = try inputs.input(work.input)
    let place = BenchCase(
      .spark, work.workload.rawValue, bytes: input.bytes, nodes: shape.nodes,
      replicas: shape.replicas)
    say(place.title)
    let digest = try expectedDigest(work, input)
    let job = work.workload.job
    let warm = work.workload == .empty ? options.submissions / 10 : 1
    var trials = Trials()
    // Executors are there when somebody submits to a cluster that runs.
    _ = try cluster.trials(1, job, [input.path])
    for round in 0..<options.sparkRepetitions {
      try checkInterruption()
      trials.inline.append(try Self.inlineTrial(work, input))
      let cold = try OwnProgram.run(
        ["run", job, input.path, "--on", "local:\(shape.nodes)", "--quiet"])
      // The system tells the peak of the largest of its processes only, not of all together.
      trials.cold.append(Trial(wall: cold.wall, cpu: cold.cpu))
      trials.submit += try cluster.trials(warm, job, [input.path])
      try check(cluster.digest(), digest, work, cluster.transport.rawValue)
      let result = round == 0 ? "spark-result" : nil
      let session = try spark.session(
        job, input.path, runs: 1 + warm, scratch: directory.path,
        result: result.map(directory.file))
      trials.sparkCold.append(session.cold)
      trials.sparkWarm += session.warm
      if let result { try compare(result, job, input.path) }
    }
    return CaseFigures(place, Self.figures(trials, shape), digest: digest)
  }

  private static func figures(_ trials: Trials, _ shape: ClusterShape) -> [VariantFigures] {
    let cold = Variant.cold(shape)
    return [
      VariantFigures(Variant.inline, trials.inline), VariantFigures(cold, trials.cold),
      VariantFigures(Variant.submit, trials.submit),
      VariantFigures(Variant.sparkCold, trials.sparkCold, against: [cold, Variant.inline]),
      VariantFigures(Variant.sparkWarm, trials.sparkWarm, against: [Variant.submit]),
    ]
  }

  /// Fails where Spark's result is not the same text as that of one process.
  private func compare(_ result: String, _ job: String, _ input: String) throws {
    let saved = "spark-compared"
    defer {
      directory.remove(saved)
      directory.remove(result)
    }
    _ = try OwnProgram.run(
      ["run", job, input, "-o", directory.file(saved), "--format", "lines", "--quiet"])
    let name = job == "terasort" ? "sorted" : job
    let own = try directory.digest("\(saved)/\(name)/part-00000.txt")
    let other = try directory.digest(result)
    guard own == other else {
      throw JobError(.failed, "results differ: \(job) of \(input) is another one in Spark")
    }
  }
}
