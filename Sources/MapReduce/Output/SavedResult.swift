// SPDX-License-Identifier: Apache-2.0
package import Exchange
import Glibc
package import Memory

/// A result that was saved in a directory: read whole, by key or by prefix.
package final class SavedResult {
  /// The result's name.
  package let name: String
  package let schema: ResultSchema
  /// How the records were spread.
  let spread: RunSpread
  /// How many records there are.
  package let records: Int
  /// The digest of all records.
  package let digest: UInt64

  private let path: String
  private let descriptor: Int32
  private let index: [RunFile.IndexEntry]

  /// Opens the result in `directory`.
  package init(_ directory: String) throws {
    path = "\(directory)/part-00000.run"
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.cannotOpen(directory, errno) }
    do {
      let size = try Self.size(descriptor, path)
      // Views are only valid while their buffer has a name.
      let end = try Self.read(
        descriptor, at: size - RunFile.footerBytes, RunFile.footerBytes, path)
      let footer = try RunFile.decodeFooter(end.bytes)
      let indexBytes = size - RunFile.footerBytes - footer.indexOffset
      guard footer.indexOffset >= 0, indexBytes >= 0 else { throw ByteReader.Damaged() }
      let encodedIndex = try Self.read(descriptor, at: footer.indexOffset, indexBytes, path)
      index = try RunFile.decodeIndex(encodedIndex.bytes, footer)
      let head = try Self.read(
        descriptor, at: 0, min(index.first?.offset ?? footer.indexOffset, size), path)
      try RunFile.checkEnds(header: head.bytes, footer: end.bytes, footer)
      var reader = ByteReader(head.bytes)
      (name, schema, spread) = try RunFile.decodeHeader(&reader)
      records = footer.records
      digest = footer.digest
    } catch is ByteReader.Damaged {
      close(descriptor)
      throw Self.damaged(path)
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit { close(descriptor) }

  /// Hands the selected records to `body`, in order, until it returns false.
  package func forEach(
    _ selection: RecordSelection, _ body: (_ key: Bytes, _ value: Bytes) throws -> Bool
  ) throws {
    let bounds: RecordBounds
    do { bounds = try selection.bounds(schema, of: name) } catch { throw JobError(error) }
    var block = firstBlock(notAfter: bounds.wanted)
    var frames = ByteBuffer(capacity: 1 << 16)
    while block < index.count {
      let count = try load(block, into: &frames)
      do {
        var reader = ByteReader(frames.bytes)
        for _ in 0..<count {
          let frame = try reader.frame()
          switch bounds.place(of: frame.key) {
          case .before: continue
          case .inside: if try !body(frame.key, frame.value) { return }
          case .after: if schema.order == .key { return }
          }
        }
      } catch is ByteReader.Damaged { throw Self.damaged(path) }
      block += 1
    }
  }

  /// The last block that can hold the first record at or above `key`.
  private func firstBlock(notAfter key: [UInt8]) -> Int {
    guard schema.order == .key, !key.isEmpty else { return 0 }
    var lower = 0
    var upper = index.count
    while lower < upper {
      let middle = (lower + upper) / 2
      if index[middle].firstKey.lexicographicallyPrecedes(key) {
        lower = middle + 1
      } else {
        upper = middle
      }
    }
    return max(0, lower - 1)
  }

  private func load(_ block: Int, into frames: inout ByteBuffer) throws -> Int {
    do {
      let entry = index[block]
      let head = try Self.read(descriptor, at: entry.offset, RunFile.blockHeaderBytes, path)
      let header = try RunFile.blockHeader(head.bytes)
      let stored = try Self.read(
        descriptor, at: entry.offset + RunFile.blockHeaderBytes, header.storedBytes, path)
      frames.removeAll()
      try RunFile.decodeBlock(header, stored.bytes, to: &frames)
      return header.records
    } catch is ByteReader.Damaged { throw Self.damaged(path) }
  }

  private static func size(_ descriptor: Int32, _ path: String) throws -> Int {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw InputFiles.cannotRead(path, errno) }
    guard Int(status.st_size) > RunFile.footerBytes else { throw damaged(path) }
    return Int(status.st_size)
  }

  private static func read(
    _ descriptor: Int32, at offset: Int, _ count: Int, _ path: String
  ) throws -> ByteBuffer {
    var buffer = ByteBuffer(capacity: count)
    while buffer.count < count {
      let rest = count - buffer.count
      let place = off_t(offset + buffer.count)
      var status = 0
      unsafe buffer.appendRaw(room: rest) { target in
        status = unsafe pread(descriptor, target, rest, place)
        return max(0, status)
      }
      if status < 0 { throw InputFiles.cannotRead(path, errno) }
      if status == 0 { throw ByteReader.Damaged() }
    }
    return buffer
  }

  private static func damaged(_ path: String) -> JobError {
    JobError(
      .badInput, "\(path) is damaged: a checksum does not agree, or its end is missing",
      advice: "run the job again")
  }

  private static func cannotOpen(_ directory: String, _ code: Int32) -> JobError {
    if code == ENOENT, unsafe access("\(directory)/_result.json", F_OK) == 0 {
      return JobError(
        .badInput, "\(directory) was saved as text, which has no index",
        advice: "read its part files as they are, or save without --format to read by key")
    }
    if code == ENOENT, unsafe access(directory, F_OK) == 0 {
      return JobError(
        .noInput, "\(directory) holds no saved result",
        advice: "name the directory of one result: DIR/NAME, as in `run … -o DIR`")
    }
    return InputFiles.cannotRead(directory, code)
  }
}
