// SPDX-License-Identifier: Apache-2.0
import Exchange
import Memory
import Vocabulary

/// Where an executor's records leave: blocks in its area, which the node lets go of when it has
/// passed them on. Where all of the area is taken, writing waits.
final class Outlet: BlockSupply {
  private enum Purpose {
    case split
    case run
  }

  private let area: BlockArea
  private let link: ExecutorLink
  private let marker: ExecutorMarker
  /// Blocks that the node has and has not let go of.
  private var lent: [UInt64: Block] = [:]

  private var task: UInt64 = 0
  private var purpose = Purpose.split
  /// Whose blocks leave.
  private weak var writer: PartitionWriter?
  /// What has left in this task.
  private(set) var records = 0
  private(set) var bytes = 0
  private(set) var digest = Checksum()

  init(_ segment: Segment, _ link: ExecutorLink, _ marker: ExecutorMarker) {
    area = BlockArea(
      segment, from: ExecutorMark.byteCount, granuleBytes: Limits.blockBytes)
    self.link = link
    self.marker = marker
  }

  /// The blocks of a split leave from now on, by partition.
  func begin(split task: UInt64, _ writer: PartitionWriter) { begin(task, .split, writer) }

  /// The blocks of a run leave from now on.
  func begin(run task: UInt64, _ writer: PartitionWriter) { begin(task, .run, writer) }

  private func begin(_ task: UInt64, _ purpose: Purpose, _ writer: PartitionWriter) {
    self.task = task
    self.purpose = purpose
    self.writer = writer
    records = 0
    bytes = 0
    digest = Checksum()
  }

  func block(for bytes: Int) -> Block? {
    guard bytes <= area.byteCount else { return nil }
    while true {
      if let block = area.block(for: bytes) { return block }
      shipFull()
      // Nothing but blocks that are being written stands in the way.
      if lent.isEmpty { shipAll() }
      if lent.isEmpty { return nil }
      waitForRoom()
    }
  }

  /// Sends what is full.
  func shipFull() { if let writer { ship(writer.takeFullBlocks()) } }

  /// Sends all that there is.
  func shipAll() { if let writer { ship(writer.takeBlocks()) } }

  /// What was written is not wanted.
  func abandon() {
    _ = writer?.takeBlocks()
    writer = nil
  }

  /// The error of a record that no block can hold.
  func check() throws {
    guard let refused = writer?.refusedBytes else { return }
    throw JobError(
      .badInput,
      "a record of \(ByteCount(refused)) is larger than what leaves an executor at once "
        + "(\(ByteCount(area.byteCount)))",
      advice: "make smaller records, or give nodes more memory (memory.limit)")
  }

  private func ship(_ blocks: [[Block]]) {
    for (partition, blocks) in blocks.enumerated() {
      for block in blocks {
        guard let place = area.place(of: block) else { preconditionFailure("it is of the area") }
        records += block.records
        bytes += block.count
        lent[place.id] = block
        switch purpose {
        case .split: link.say(.report(number: task, .block(partition: partition, place)))
        case .run:
          digest.update(block.bytes)
          link.say(.report(number: task, .runBlock(place)))
        }
      }
    }
  }

  func free(_ ids: [UInt64]) { for id in ids { lent[id] = nil } }

  /// Waits until the node lets go of something. That the node takes its time is progress.
  private func waitForRoom() {
    while true {
      marker.advance()
      do {
        switch try link.nextSoon() {
        case .free(let ids): return free(ids)
        case .some(let order): link.putOff(order)
        case nil: break
        }
      } catch { preconditionFailure("the node sends whole orders") }
    }
  }
}

extension BlockArea {
  fileprivate func place(of block: Block) -> LentBlock? {
    block.offset(in: segment).map {
      LentBlock(id: UInt64($0), offset: $0, count: block.count, records: block.records)
    }
  }
}
