// SPDX-License-Identifier: Apache-2.0
import Exchange
import Fabrics
import Foundation
import Memory
import Testing

@testable import Runtime

/// What a node keeps of the executables that come to it.
@Suite struct CodeStoreTests {
  private final class Place {
    let store: CodeStore
    let parent = NSTemporaryDirectory() + "code-tests-\(UUID().uuidString)"
    var path: String { "\(parent)/mapred-n1.code" }
    private let news = DispatchSemaphore(value: 0)

    init() throws {
      let news = news
      try FileManager.default.createDirectory(
        atPath: parent, withIntermediateDirectories: true)
      store = CodeStore(try CodeDirectory(of: "n1", in: parent)) { news.signal() }
    }

    deinit {
      store.close()
      // Only where the store has left nothing.
      unsafe rmdir(parent)
    }

    var files: [String] {
      (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? []
    }

    /// Brings an executable of 100 bytes; what became of it.
    func bring(_ byte: UInt8, as digest: CodeDigest? = nil) throws -> String? {
      let bytes = [UInt8](repeating: byte, count: 100)
      let code = try digest ?? CodeStoreTests.digest(byte)
      #expect(store.take(code, size: 100, offset: 0, Array(bytes[..<60])) == .wants(60))
      #expect(store.take(code, size: 100, offset: 60, Array(bytes[60...])) == .whole)
      #expect(news.wait(timeout: .now() + 60) == .success)
      let told = store.news()
      try #require(told.count == 1 && told[0].code == code)
      return told[0].problem
    }
  }

  private static func digest(_ byte: UInt8) throws -> CodeDigest {
    var hash = SHA256()
    [UInt8](repeating: byte, count: 100).withBytes { hash.update($0) }
    return try #require(CodeDigest(hash.digest))
  }

  @Test func `An executable is kept once all its bytes have come, and have its digest`() throws {
    let place = try Place()
    #expect(try place.bring(1) == nil)
    #expect(try place.store.has(Self.digest(1)) && place.store.keptBytes == 100)
    #expect(try place.files == ["\(Self.digest(1))"])
    let problem = try place.bring(2, as: try Self.digest(3))
    #expect(problem?.contains("damaged on its way") == true)
    #expect(try !place.store.has(Self.digest(3)) && place.store.keptBytes == 100)
    #expect(try place.files == ["\(Self.digest(1))"])
  }

  @Test func `Where too many bytes are kept, those go that nobody has used for longest`() throws {
    let place = try Place()
    for byte in 1...4 { #expect(try place.bring(UInt8(byte)) == nil) }
    let codes = try (1...4).map { try Self.digest($0) }
    #expect(place.store.shrink(to: 400) { _ in false } == [])
    place.store.use(codes[0])
    #expect(place.store.shrink(to: 200) { $0 == codes[1] } == [codes[2], codes[3]])
    #expect(place.store.keptBytes == 200)
    #expect(place.files == ["\(codes[0])", "\(codes[1])"].sorted())
    // What is needed, and what was used last, stays even where it is too much.
    #expect(place.store.shrink(to: 1) { $0 == codes[1] } == [])
    #expect(place.store.shrink(to: 1) { _ in false } == [codes[1]])
    #expect(place.store.open(codes[1]) == nil)
    #expect(place.store.open(codes[0])?.next(1000)?.count == 100)
    // It can come again.
    #expect(try place.bring(2) == nil)
  }

  @Test func `What cannot be kept says why, and leaves nothing`() throws {
    let place = try Place()
    #expect(
      try place.store.take(Self.digest(1), size: CodeStore.sizeMaximum + 1, offset: 0, [1])
        == .failed("an executable has 1 to 1073741824 bytes, not 1073741825"))
    #expect(place.files == [])
    #expect(throws: FabricError.self) { _ = try CodeDirectory(of: "n1", in: "/dev/null") }
  }

  @Test func `What killed nodes have left is removed, and what others hold is not`() throws {
    let place = try Place()
    #expect(try place.bring(1) == nil)
    let manager = FileManager.default
    let left = "\(place.parent)/mapred-n2.code"
    try manager.createDirectory(atPath: left, withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: "\(left)/ab"))
    let other = "\(place.parent)/n3.code"
    try manager.createDirectory(atPath: other, withIntermediateDirectories: true)
    CodeDirectory.removeAbandoned(in: place.parent)
    #expect(
      try manager.contentsOfDirectory(atPath: place.parent).sorted() == [
        "mapred-n1.code", "n3.code",
      ])
    #expect(try place.files == ["\(Self.digest(1))"])
    unsafe rmdir(other)
    place.store.close()
    #expect(try manager.contentsOfDirectory(atPath: place.parent) == [])
    // The next node makes it again.
    let again = try CodeDirectory(of: "n1", in: place.parent)
    #expect(throws: FabricError.self) { _ = try CodeDirectory(of: "n1", in: place.parent) }
    again.remove()
  }
}
