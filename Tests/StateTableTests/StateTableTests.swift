// SPDX-License-Identifier: Apache-2.0
import Environment
import Memory
import StateTable
import Testing
import Vocabulary

@Suite struct StateTableTests {
  let rows = (0..<4).map { _ in Segment(byteCount: 4096) }
  var schema = TableSchema()
  let heartbeat: Column
  let received: Column

  init() {
    heartbeat = schema.group("heartbeat")[0]
    received = schema.group("received", "delivered", count: 3)[0]
  }

  func table(_ rank: Int) -> StateTable {
    StateTable(schema: schema, rank: Rank(rank), segments: rows, rowOffset: 256)
  }

  func set(_ value: UInt64, _ column: Column, _ index: Int, of row: Int) {
    rows[row].store(value, at: 256 + column.offset + 8 * index)
  }

  @Test("a frontier is the least value over the rows that are asked for, and no others")
  func frontier() {
    for (row, value) in [7, 3, 9, 1].enumerated() { set(UInt64(value), received, 2, of: row) }
    let table = table(0)
    #expect(table.frontier(received, 2, over: RankSet(first: 4)) == 1)
    #expect(table.frontier(received, 2, over: RankSet(first: 3)) == 3)
    #expect(table.frontier(received, 2, over: RankSet([Rank(0), Rank(2)])) == 7)
    #expect(table.frontier(received, 1, over: RankSet(first: 4)) == 0)
    #expect(table.frontier(received, over: RankSet()) == .max)
  }

  @Test("who is behind a value is named")
  func behind() {
    for (row, value) in [7, 3, 9, 1].enumerated() { set(UInt64(value), heartbeat, 0, of: row) }
    let behind = table(1).behind(heartbeat, over: RankSet(first: 4), value: 7)
    #expect(behind == RankSet([Rank(1), Rank(3)]))
  }

  @Test("a cell that advances is visible in the own row and is pushed to the others alone")
  func advance() {
    var pushes = Pushes()
    let table = table(2)
    table.advance(received, 1, to: 5, telling: RankSet(first: 4), into: &pushes)
    #expect(table.read(received, 1, of: Rank(2)) == 5)
    let others = RankSet([Rank(0), Rank(1), Rank(3)])
    #expect(
      pushes.list == [
        Push(
          owner: Rank(2), offset: 256 + received.offset + 8, byteCount: 8, kind: .cells,
          targets: others)
      ])
  }

  @Test("a cell that stays as it is, is not pushed")
  func unchanged() {
    var pushes = Pushes()
    set(5, heartbeat, 0, of: 0)
    table(0).advance(heartbeat, to: 5, telling: RankSet(first: 4), into: &pushes)
    #expect(pushes.list == [])
  }

  @Test("cells of one group that advance one after the other go with one push")
  func oneGroupOnePush() {
    var pushes = Pushes()
    let table = table(0)
    for index in 0..<3 {
      table.advance(received, index, to: 1, telling: RankSet(first: 2), into: &pushes)
    }
    #expect(pushes.list.count == 1)
    #expect(pushes.list.first?.byteCount == 24)
  }

  @Test("pushes keep their order where something stands between them")
  func pushesKeepOrder() {
    var pushes = Pushes()
    func push(_ offset: Int, _ count: Int, _ kind: RegionKind) -> Push {
      Push(
        owner: Rank(0), offset: offset, byteCount: count, kind: kind, targets: RankSet([Rank(1)]))
    }
    pushes.append(push(4096, 100, .payload))
    pushes.append(push(64, 8, .cells))
    pushes.append(push(4196, 50, .payload))
    pushes.append(push(4200, 60, .payload))
    pushes.append(push(64, 8, .cells))
    pushes.append(push(64, 0, .cells))
    #expect(
      pushes.list == [
        push(4096, 100, .payload), push(64, 8, .cells), push(4196, 64, .payload),
        push(64, 8, .cells),
      ])
  }
}
