// SPDX-License-Identifier: Apache-2.0
package import Environment
package import StateTable
package import Vocabulary

/// One member of a group with all of its subgroups, stepped in a fixed order.
///
/// It stops for good where a peer is lost or where it is told to: who remains, and how far the
/// order goes, is for a view change to decide. From then on it takes nothing in and sends nothing,
/// but may go on to hand out what is stable, and then what the view change lets it.
package struct GroupMember: ~Copyable {
  package let layout: GroupLayout
  package let table: StateTable
  package var subgroups: [Subgroup]
  /// What the fabric told, in order.
  package private(set) var events: [FabricEvent] = []
  private var pushes = Pushes()

  /// Whether it takes nothing in and sends nothing any more: its columns are final.
  package private(set) var isWedged = false

  /// A member that meets the others over `fabric`, whose plan is the layout's.
  package init(_ layout: GroupLayout, on fabric: any Fabric) {
    precondition(fabric.plan == layout.plan, "the fabric was opened with the layout's plan")
    precondition(
      layout.hosts.sharing(with: fabric.rank).subtracting(fabric.sharesMemory).isEmpty,
      "members that the layout has on one host share memory")
    self.layout = layout
    let segments = layout.plan.members.map { fabric.segment($0) }
    let header = TableHeader(
      rank: fabric.rank, members: segments.count, rowOffset: GroupLayout.rowOffset,
      schema: layout.schema)
    header.write(to: segments[fabric.rank.index])
    let table = StateTable(
      schema: layout.schema, rank: fabric.rank, segments: segments,
      rowOffset: GroupLayout.rowOffset)
    self.table = table
    subgroups = layout.subgroups.map { Subgroup($0, table: table) }
  }

  package var rank: Rank { table.rank }

  /// Stops for good.
  package mutating func wedge(on fabric: any Fabric) {
    guard !isWedged else { return }
    isWedged = true
    pushes.removeAll()
    fabric.fence()
  }

  /// By subgroup: places of the total order that this member has without a gap. Final once it is
  /// wedged.
  package var received: [UInt64] { subgroups.map { table.read($0.layout.received, of: rank) } }

  /// Raises a cell of the own row, in a column that belongs to no subgroup. It is pushed to all
  /// with the next turn.
  package mutating func advance(_ column: Column, _ index: Int = 0, to value: UInt64) {
    table.advance(column, index, to: value, telling: layout.plan.members, into: &pushes)
  }

  /// Writes a cell of the own row that a later `advance` publishes.
  package mutating func set(_ column: Column, _ index: Int = 0, to value: UInt64) {
    table.set(column, index, to: value, telling: layout.plan.members, into: &pushes)
  }

  /// Takes in what has arrived. Comes before each `turn`; who reads columns that belong to no
  /// subgroup reads them in between: what was taken in wakes nobody a second time.
  package mutating func poll(_ fabric: any Fabric) {
    _ = fabric.poll(into: &events)
    if !events.isEmpty { wedge(on: fabric) }
  }

  /// One turn: lets the application take and send messages in `work`, and pushes what has changed.
  /// `work` returns whether it did something.
  ///
  /// True where something was done: then another turn may find more to do. Where nothing was, the
  /// next push wakes the member.
  package mutating func turn(
    on fabric: any Fabric, _ work: (inout [Subgroup]) throws(MulticastError) -> Bool
  ) throws(MulticastError) -> Bool {
    // guard: receive.unwedged
    if isWedged { return try work(&subgroups) }
    for index in subgroups.indices { try subgroups[index].receive(into: &pushes) }
    let hasWorked = try work(&subgroups)
    for index in subgroups.indices { try subgroups[index].publish(into: &pushes) }
    if pushes.isEmpty { return hasWorked }
    fabric.push(pushes)
    pushes.removeAll()
    return true
  }
}
