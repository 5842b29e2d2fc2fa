// SPDX-License-Identifier: Apache-2.0

/// The binomial pipeline as formulas: what one member does in one step, in O(1).
///
/// 2^l *vertices*, with 2^l ≤ members < 2^(l+1), are the corners of a cube of l dimensions. In step
/// s the vertices exchange blocks along dimension s mod l, each the newest one it holds; the root,
/// vertex 0, releases one block after the other. (Ganesan and Seshadri, ICDCS 2005; Behrens et al.,
/// RDMC, DSN 2018.)
///
/// Members beyond 2^l are *twins*: vertex v ≥ 1 then is a pair of members. One of the two, the
/// *inward* one, receives from other vertices, the other one sends to them; they change places
/// after each step along a dimension in which v has a one. Meanwhile the inward member passes on to
/// its twin what that one missed. One last step brings both up to date.
struct BinomialPipeline: Sendable {
  private let members: Int
  private let lastBlock: Int
  private let dimensions: Int
  /// Steps in which vertices exchange blocks; twins take one more.
  private let cubeSteps: Int

  init(members: Int, blocks: Int) {
    self.members = members
    lastBlock = blocks - 1
    dimensions = Int.bitWidth - 1 - members.leadingZeroBitCount
    cubeSteps = blocks + dimensions - 1
  }

  private var corners: Int { 1 << dimensions }

  /// A vertex in a step: who of it does what.
  private struct Pair {
    let vertex: Int
    let inward: Int
    let outward: Int
    /// How often the two have changed places.
    let turns: Int
    var isPair: Bool { inward != outward }
  }

  private func vertex(of member: Int) -> Int { member < corners ? member : member - corners + 1 }

  private func pair(_ vertex: Int, _ step: Int) -> Pair {
    let twin = vertex + corners - 1
    let (round, place) = step.quotientAndRemainder(dividingBy: dimensions)
    let turns = round * vertex.nonzeroBitCount + (vertex & ((1 << place) - 1)).nonzeroBitCount
    guard vertex > 0, twin < members else {
      return Pair(vertex: vertex, inward: vertex, outward: vertex, turns: turns)
    }
    return turns & 1 == 0
      ? Pair(vertex: vertex, inward: vertex, outward: twin, turns: turns)
      : Pair(vertex: vertex, inward: twin, outward: vertex, turns: turns)
  }

  private func neighbour(_ vertex: Int, _ step: Int) -> Int { vertex ^ 1 << (step % dimensions) }

  /// The number inside of `dimensions` bits, rotated right.
  private func rotated(_ vertex: Int, by places: Int) -> Int {
    (vertex >> places | vertex << (dimensions - places)) & (corners - 1)
  }

  /// The block that a vertex sends to its neighbour in a step of the cube.
  ///
  /// The distance from the step's dimension to the next one in which the vertex has a one says when
  /// its newest block came, hence which one it is. The root has none: its newest block is new.
  private func cubeBlock(_ vertex: Int, _ step: Int) -> Int? {
    guard neighbour(vertex, step) != 0 else { return nil }
    let distance = min(dimensions, rotated(vertex, by: step % dimensions).trailingZeroBitCount)
    let block = step - dimensions + distance
    return block < 0 ? nil : min(block, lastBlock)
  }

  /// The last step before `step` after which the pair changed places, where there is one.
  private func turn(_ vertex: Int, before step: Int) -> Int {
    let back = rotated(vertex, by: step % dimensions)
    return step - dimensions + Int.bitWidth - 1 - back.leadingZeroBitCount
  }

  /// The block that came to the vertex in a step of the cube.
  private func arrived(_ vertex: Int, _ step: Int) -> Int? {
    step < 0 ? nil : cubeBlock(neighbour(vertex, step), step)
  }

  /// The block that the inward member passes to its twin: what came last to it, and has not been
  /// passed on. Just after a turn that is the last block of its previous time as the inward one.
  private func innerBlock(_ pair: Pair, _ step: Int) -> Int? {
    guard pair.turns > 0 else { return nil }
    let turn = turn(pair.vertex, before: step)
    if turn < step - 1 { return arrived(pair.vertex, step - 1) }
    return pair.turns < 2 ? nil : arrived(pair.vertex, self.turn(pair.vertex, before: turn))
  }

  /// The block that the outward member has for its twin in the last step: the last that came to it.
  private func farewellBlock(_ pair: Pair, _ step: Int) -> Int? {
    arrived(pair.vertex, turn(pair.vertex, before: step))
  }

  func transfer(_ step: Int, from member: Int) -> (target: Int, block: Int)? {
    let pair = pair(vertex(of: member), step)
    if pair.isPair, member == pair.inward {
      return innerBlock(pair, step).map { (pair.outward, $0) }
    }
    if step < cubeSteps {
      let target = self.pair(neighbour(pair.vertex, step), step).inward
      return cubeBlock(pair.vertex, step).map { (target, $0) }
    }
    return pair.isPair ? farewellBlock(pair, step).map { (pair.inward, $0) } : nil
  }

  func incoming(_ step: Int, to member: Int) -> (source: Int, block: Int)? {
    let pair = pair(vertex(of: member), step)
    if pair.isPair, member == pair.outward {
      return innerBlock(pair, step).map { (pair.inward, $0) }
    }
    if step < cubeSteps {
      let source = self.pair(neighbour(pair.vertex, step), step).outward
      return arrived(pair.vertex, step).map { (source, $0) }
    }
    return pair.isPair ? farewellBlock(pair, step).map { (pair.outward, $0) } : nil
  }
}
