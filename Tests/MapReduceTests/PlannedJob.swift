// SPDX-License-Identifier: Apache-2.0
import Foundation
import Memory
import Testing

@testable import MapReduce

/// A job whose plan is a closure.
struct PlannedJob: Job {
  static let name = "planned"
  private let body: @Sendable (Flow) throws -> Void

  init() { body = { _ in } }
  init(_ body: @escaping @Sendable (Flow) throws -> Void) { self.body = body }
  init(from decoder: any Decoder) { self.init() }

  func plan(_ flow: Flow) throws { try body(flow) }
}

/// Runs a plan on some threads.
func run(
  threads: Int = 2, _ body: @escaping @Sendable (Flow) throws -> Void
) throws -> JobResult {
  try InlineRunner(threads: threads).run(Plan(PlannedJob(body)))
}

/// Runs a plan on 1, 2, 3 and 7 threads, and holds all results against one another, byte by byte.
func runOnAnyThreads(
  sourceLocation: SourceLocation = #_sourceLocation,
  _ body: @escaping @Sendable (Flow) throws -> Void
) throws -> JobResult {
  let result = try run(threads: 1, body)
  for threads in [2, 3, 7] {
    let other = try run(threads: threads, body)
    #expect(other.outputs.map(\.name) == result.outputs.map(\.name), sourceLocation: sourceLocation)
    for (one, another) in zip(result.outputs, other.outputs) {
      let agree = try one.encoded() == another.encoded()
      #expect(agree, "\(one.name) on \(threads) threads", sourceLocation: sourceLocation)
    }
  }
  return result
}

/// Key and value of a record, as they are encoded.
struct EncodedRecord: Hashable {
  var key: [UInt8]
  var value: [UInt8]
}

extension StageResult {
  func encoded() throws -> [EncodedRecord] {
    var found: [EncodedRecord] = []
    try first(.max) { found.append(EncodedRecord(key: Array($0), value: Array($1))) }
    return found
  }
}

extension JobResult {
  func output(_ name: String) throws -> StageResult {
    try #require(outputs.first { $0.name == name })
  }

  func pairs<K: Key, V: Record>(_ name: String = "result", as: (K, V).Type) throws -> [(K, V)] {
    var found: [(K, V)] = []
    try output(name).first(.max) { key, value in
      var reader = RecordReader(value)
      found.append((try K.decodeKey(key), try V(from: &reader)))
      #expect(reader.isAtEnd)
    }
    return found
  }

  func values<V: Record>(_ name: String = "result", as: V.Type) throws -> [V] {
    var found: [V] = []
    try output(name).first(.max) { _, value in
      var reader = RecordReader(value)
      found.append(try V(from: &reader))
    }
    return found
  }

  func keys<K: Key>(_ name: String = "result", as: K.Type) throws -> [K] {
    var found: [K] = []
    try output(name).first(.max) { key, _ in found.append(try K.decodeKey(key)) }
    return found
  }
}

/// A directory of its own for a test; removed at the end.
final class TemporaryDirectory {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "mapreduce-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file; returns its path.
  @discardableResult
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    let file = path + "/" + name
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }

  func makeDirectory(_ name: String) throws -> String {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: false)
    return path + "/" + name
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path + "/" + name)))
  }

  /// Everything in it, hidden names as well.
  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}
