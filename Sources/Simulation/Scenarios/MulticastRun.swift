// SPDX-License-Identifier: Apache-2.0
import Multicast
import StateTable
import Vocabulary

/// Plays a scenario of the multicast: the production code of all members on one thread, its links
/// moved in an order that the seed decides.
package final class MulticastRun {
  /// What came of a run.
  package struct Outcome: Sendable {
    package let steps: Int
    package let delivered: Int
    package let violations: [String]
  }

  private let scenario: MulticastScenario
  private let network: SimulatedNetwork
  private let members: [SimulatedMember]
  private var checkers: [OrderChecker]
  private var random: SeededRandom
  /// The step in which the fault begins.
  private let faultStep: Int
  private var steps = 0
  private var hasFailed = false
  private var unreported: [(peer: Rank, rank: Rank)] = []

  /// The most steps of a run; one that has not come to rest by then never will.
  private static let stepsMaximum = 2_000_000

  package init(_ scenario: MulticastScenario) throws {
    self.scenario = scenario
    let layout = try GroupLayout(
      hosts: scenario.hosts, subgroups: scenario.subgroups)
    let network = SimulatedNetwork(
      plan: layout.plan, hosts: scenario.hosts, seed: scenario.seed &+ 1)
    self.network = network
    members = network.fabrics.map { SimulatedMember(layout, scenario, $0) }
    checkers = scenario.subgroups.map { plan in
      OrderChecker(
        name: plan.name, members: scenario.members, receivers: plan.receivers, window: plan.window)
    }
    random = SeededRandom(seed: scenario.seed &+ 2)
    faultStep = random.number(in: 50...3000)
  }

  /// Plays until the group is at rest.
  package func play() -> Outcome {
    while steps < Self.stepsMaximum, step() {
      if isBroken { break }
    }
    if steps >= Self.stepsMaximum { return outcome(["the group never comes to rest"]) }
    if scenario.fault == .none || scenario.fault == .freeze, !isBroken {
      for (index, plan) in scenario.subgroups.enumerated() {
        for receiver in plan.receivers { checkers[index].checkComplete(receiver) }
      }
    }
    return outcome([])
  }

  private func outcome(_ more: [String]) -> Outcome {
    Outcome(
      steps: steps, delivered: checkers.reduce(0) { $0 + $1.delivered },
      violations: violations + more)
  }

  /// Whether there is a violation; asked in every step.
  private var isBroken: Bool {
    !network.violations.isEmpty || members.contains { $0.error != nil }
      || checkers.contains { !$0.violations.isEmpty }
  }

  private var violations: [String] {
    network.violations + members.compactMap(\.error) + checkers.flatMap(\.violations)
  }

  /// One step of somebody or something; false where nothing can happen any more.
  private func step() -> Bool {
    steps += 1
    if steps >= faultStep { fail(random.pick(members).rank) }
    if random.once(in: 50) { for member in members { member.resume() } }
    if random.once(in: 200) { network.thaw() }
    let runnable = members.filter { network.alive.contains($0.rank) && !$0.fabric.isParked }
    let movable = network.movable
    if runnable.isEmpty && movable.isEmpty { return revive() }
    // Mostly one or the other, by a coin that is fair to both.
    if movable.isEmpty || !runnable.isEmpty && random.once(in: 2) {
      random.pick(runnable).turn(&checkers, network: network)
    } else {
      let link = random.pick(movable)
      network.move(link.source, link.target)
    }
    return true
  }

  /// Ends what holds the group up without being a fault of it: frozen links, applications that
  /// pause, failures that were not yet reported. False where there is none.
  private func revive() -> Bool {
    let hadPauses = members.contains { $0.isIdle && network.alive.contains($0.rank) }
    for member in members { member.resume() }
    for report in unreported { network.report(report.peer, to: report.rank) }
    let hadReports = !unreported.isEmpty
    unreported.removeAll()
    if scenario.fault == .partition, hasFailed { return hadPauses || hadReports }
    let wasFrozen = network.isFrozen
    network.thaw()
    return hadPauses || hadReports || wasFrozen
  }

  /// Lets the scenario's fault happen, once or now and then.
  private func fail(_ rank: Rank) {
    switch scenario.fault {
    case .none: break
    case .freeze:
      if random.once(in: 20) { network.freeze(rank, random.pick(members).rank) }
    case .death:
      if !hasFailed {
        network.kill(rank)
        for other in network.alive { unreported.append((peer: rank, rank: other)) }
      }
      reportSome()
    case .partition:
      if !hasFailed { cut() }
      reportSome()
    }
    hasFailed = true
  }

  /// Cuts the group in two, both ways or one way.
  private func cut() {
    let isOneWay = random.once(in: 2)
    let part = RankSet(members.map(\.rank).filter { _ in random.once(in: 2) })
    for inside in part {
      for outside in network.alive.subtracting(part) {
        network.freeze(inside, outside, isForever: true)
        if !isOneWay { network.freeze(outside, inside, isForever: true) }
        unreported.append((peer: inside, rank: outside))
        unreported.append((peer: outside, rank: inside))
      }
    }
  }

  private func reportSome() {
    guard !unreported.isEmpty, random.once(in: 100) else { return }
    let report = unreported.remove(at: random.below(unreported.count))
    network.report(report.peer, to: report.rank)
  }
}
