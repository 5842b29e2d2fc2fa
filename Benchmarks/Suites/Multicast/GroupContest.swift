// SPDX-License-Identifier: Apache-2.0
import Bench
import Fabrics

/// Groups over several transports that take turns at the same workload, beside references.
struct GroupContest {
  let session: Session
  /// The transports that work here.
  let transports: [Transport]

  /// A case of the suite: a workload for each transport.
  struct Case {
    /// What it is called in the table, before the transport's name.
    let name: String
    let workload: (Transport) -> Workload
    /// Which figures of it are shown.
    let metrics: [Metric]
    /// Where charts show it: under which title, and in which category.
    let chart: String
    let category: String
    /// Which metrics of it are drawn.
    let drawn: Set<String>
    var form = Chart.Form.lines
    /// Whom a transport is compared with.
    var references: [Transport: Contestant] = [:]
  }

  static let messages = Metric.named("messages", "/s")
  static let delivered = Metric.named("delivered", "GB/s")
  static let cost = Metric.named("cpu/message", "us")
  static let resident = Metric.named("resident", "MiB")
  static let share = Metric.named("all members", "MiB")
  static let idle = Metric.named("cpu idle", "%")
  static let delays = [
    Metric.named("delay p50", "us"), Metric.named("delay p99", "us"),
    Metric.named("delay p99.9", "us"),
  ]

  /// Seconds that a turn may take before it counts as stuck.
  private static let patience = 120.0

  /// Lets all take turns, and shows what came of it.
  func run(_ item: Case) throws {
    var contestants: [Contestant] = []
    for transport in transports {
      let workload = item.workload(transport)
      if let reference = item.references[transport] { contestants.append(reference) }
      contestants.append(
        Contestant(name: transport.rawValue) { try measure(workload) })
    }
    let standings = try session.contest(contestants, repetitions: session.isSmall ? 2 : nil)
    for transport in transports {
      let reference = item.references[transport]
      for metric in item.metrics {
        let others = reference.map { standings[$0.name] } ?? []
        let isCompared = others.contains { metric.value($0) != nil }
        session.reporter.show(
          "\(transport.rawValue) \(item.name)", metric, standings[transport.rawValue],
          against: isCompared ? reference?.name : nil, isCompared ? others : [],
          plot: Plot(
            chart: "\(item.chart): \(metric.name)", series: transport.rawValue,
            category: item.category, form: item.form),
          isDrawn: item.drawn.contains(metric.name))
      }
    }
  }

  /// Forms a group, lets it do its work, and puts together what its members tell.
  func measure(_ workload: Workload) throws -> Sample {
    let reports = try GroupRun.run(
      workload, addresses: workload.transport.addresses(workload.members, in: session.scratch),
      deadline: Self.patience)
    return Self.sample(workload, reports)
  }

  private static func sample(_ workload: Workload, _ reports: [MemberReport]) -> Sample {
    // What is delivered counts when the last receiver has it.
    let slowest = reports.filter { $0.delivered > 0 }.map(\.seconds).max()
    let wall = slowest ?? reports.map(\.seconds).max() ?? .nan
    let cpu = reports.map(\.cpu).reduce(0, +)
    var sample = Sample(wall: wall, cpu: cpu)
    let messages = Double(workload.sendingMembers.count * workload.messages)
    if workload.idle > 0 {
      sample.figures["cpu idle"] = 100 * cpu / wall / Double(reports.count)
    } else {
      let bytes = messages * Double(workload.bytes * workload.copies)
      sample.figures["messages"] = messages / wall
      sample.figures["delivered"] = bytes / wall / 1e9
      sample.figures["cpu/message"] = cpu / messages * 1e6
    }
    sample.figures["resident"] = Double(reports.map(\.peakBytes).max() ?? 0) / 1_048_576
    sample.figures["all members"] = Double(reports.map(\.shareBytes).reduce(0, +)) / 1_048_576
    var delays = DelayHistogram()
    for report in reports { delays.add(report.delays) }
    for (name, part) in [("delay p50", 0.5), ("delay p99", 0.99), ("delay p99.9", 0.999)] {
      if let delay = delays.percentile(part) { sample.figures[name] = delay / 1e3 }
    }
    return sample
  }

  /// The transports of `wanted` over which two members can meet here; a note for each other one.
  static func working(_ wanted: [Transport], _ session: Session) throws -> [Transport] {
    try wanted.filter { transport in
      let probe = Workload(
        transport: transport, members: 2, senders: .all, bytes: 64, messages: 10)
      do {
        _ = try GroupRun.run(
          probe, addresses: transport.addresses(2, in: session.scratch), deadline: 20)
        return true
      } catch {
        try Interruption.check()
        session.reporter.note("\(transport.rawValue) is left out, it does not work here: \(error)")
        return false
      }
    }
  }
}
