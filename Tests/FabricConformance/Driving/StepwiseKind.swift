// SPDX-License-Identifier: Apache-2.0
package import Environment
import TestSupport
package import Vocabulary

/// A group of simulated members: one thread drives all of them.
package protocol StepwiseGroup: AnyObject {
  /// By rank.
  var fabrics: [any Fabric] { get }
  /// Virtual time, in nanoseconds.
  var nanoseconds: UInt64 { get }
  /// Lets some virtual time pass, in which pushes arrive.
  func advance()
  /// A member ends as in a crash.
  func crash(_ rank: Rank)
}

/// A fabric whose members are driven step by step, in an order that the seed gives.
package struct StepwiseKind: FabricKind {
  package let name: String
  package var hasThreads: Bool { false }
  private let make: @Sendable (_ plan: GroupPlan, _ seed: Int) throws -> any StepwiseGroup

  /// Turns of one check, at most: whatever has not ended then, hangs.
  private static let turnsMaximum = 3_000_000

  package init(
    _ name: String,
    make: @escaping @Sendable (_ plan: GroupPlan, _ seed: Int) throws -> any StepwiseGroup
  ) {
    self.name = name
    self.make = make
  }

  private struct Actor {
    let member: Member
    let program: any MemberProgram
    var restsUntil: UInt64 = 0
  }

  package func run(_ check: Check, _ settings: CheckSettings) throws {
    let group = try make(try check.layout(settings.members), settings.seed)
    var random = RandomSource(settings.seed &+ 31)
    var actors = group.fabrics.enumerated().map { index, fabric in
      let part = settings.part(index)
      return Actor(
        member: Member(fabric, part, clock: { group.nanoseconds }), program: check.program(part))
    }
    var turns = 0
    var isIdle = false
    while !actors.isEmpty {
      turns += 1
      guard turns < Self.turnsMaximum else {
        let standing = actors.map { "\($0.member.rank): \($0.program.standing)" }
        throw Violation("it hangs: \(standing.joined(separator: "; "))")
      }
      if isIdle || turns % 4 == 0 { group.advance() }
      isIdle = true
      let place = random.number(0...(actors.count - 1))
      guard actors[place].restsUntil <= group.nanoseconds else { continue }
      let member = actors[place].member
      let outcome = try turn(actors[place])
      isIdle = outcome == .idle
      switch outcome {
      case .progress, .idle: break
      case .rest(let milliseconds):
        actors[place].restsUntil = group.nanoseconds + UInt64(milliseconds) * 1_000_000
      case .done, .leave:
        member.fabric.close()
        actors.remove(at: place)
      case .die:
        group.crash(member.rank)
        actors.remove(at: place)
      }
    }
  }

  /// A turn; after one without progress the member says that it would park, and looks again.
  private func turn(_ actor: Actor) throws -> Turn {
    let first = try actor.member.turn(actor.program)
    guard first == .idle else { return first }
    actor.member.fabric.arm()
    let second = try actor.member.turn(actor.program)
    actor.member.fabric.disarm()
    return second
  }
}
