// SPDX-License-Identifier: Apache-2.0
import Memory
import Replication
import TestSupport
import Testing
import Vocabulary

@testable import Dataflow

@Suite struct CatalogueTests {
  private func entry(_ name: String, _ value: String, _ revision: UInt64) -> Entry {
    Entry(name: name, value: Array(value.utf8), revision: revision)
  }

  @Test("What was set is got, with the revision of its last change")
  func setAndGet() throws {
    var catalogue = Catalogue()
    #expect(try catalogue.set("b", "1") == .changed(revision: 1))
    #expect(try catalogue.set("a", "2") == .changed(revision: 2))
    #expect(try catalogue.set("b", "3") == .changed(revision: 3))
    #expect(try catalogue.ask(.get(name: "b")) == .entry(entry("b", "3", 3)))
    #expect(try catalogue.ask(.get(name: "a")) == .entry(entry("a", "2", 2)))
    #expect(try catalogue.ask(.get(name: "c")) == .entry(nil))
    #expect(catalogue.count == 2)
  }

  @Test("A change that expects something else changes nothing, and is told what there is")
  func compareAndSet() throws {
    var catalogue = Catalogue()
    #expect(try catalogue.set("a", "1", expected: 7) == .differs(nil))
    #expect(try catalogue.set("a", "1", expected: 0) == .changed(revision: 1))
    #expect(try catalogue.set("a", "2", expected: 0) == .differs(entry("a", "1", 1)))
    #expect(try catalogue.set("a", "2", expected: 2) == .differs(entry("a", "1", 1)))
    #expect(try catalogue.set("a", "2", expected: 1) == .changed(revision: 2))
    #expect(try catalogue.delete("a", expected: 1) == .differs(entry("a", "2", 2)))
    #expect(try catalogue.delete("a", expected: 2) == .changed(revision: 3))
    #expect(try catalogue.delete("a") == .differs(nil))
    #expect(catalogue.revision == 3)
  }

  @Test("Lists are in the order of bytes, by prefix, page by page")
  func list() throws {
    var catalogue = Catalogue()
    for name in ["b/2", "a", "b/10", "b", "c", "b/1", "é", "e\u{301}"] {
      try catalogue.set(name, name)
    }
    #expect(try catalogue.names("") == ["a", "b", "b/1", "b/10", "b/2", "c", "e\u{301}", "é"])
    #expect(try catalogue.names("b/") == ["b/1", "b/10", "b/2"])
    #expect(try catalogue.names("b", after: "b/1") == ["b/10", "b/2"])
    #expect(try catalogue.names("b", after: "b/11") == ["b/2"])
    #expect(try catalogue.names("b/", after: "a") == ["b/1", "b/10", "b/2"])
    guard
      case .entries(let page, let revision, let hasMore)? = try catalogue.ask(
        .list(prefix: "b", after: "", limit: 2))
    else {
      Issue.record("no list")
      return
    }
    #expect(page.map(\.name) == ["b", "b/1"])
    #expect(revision == 8 && hasMore)
    guard
      case .entries(let all, _, false)? = try catalogue.ask(
        .list(prefix: "b", after: "b/1", limit: 2))
    else {
      Issue.record("there is no more")
      return
    }
    #expect(all.count == 2)
  }

  @Test("A page ends where its values are many bytes")
  func pageBytes() throws {
    var catalogue = Catalogue()
    let value = String(repeating: "v", count: Catalogue.valueBytes / 2)
    for index in 0..<5 { try catalogue.set("n\(index)", value) }
    var names: [String] = []
    var pages = 0
    var hasMore = true
    while hasMore, pages < 10 {
      guard
        case .entries(let page, _, let more)? = try catalogue.ask(
          .list(prefix: "", after: names.last ?? "", limit: 100))
      else {
        Issue.record("no list")
        return
      }
      names += page.map(\.name)
      hasMore = more
      pages += 1
    }
    #expect(names == ["n0", "n1", "n2", "n3", "n4"])
    #expect(pages > 1)
  }

  @Test("Names that look alike are two names")
  func alike() throws {
    var catalogue = Catalogue()
    try catalogue.set("é", "one")
    try catalogue.set("e\u{301}", "two")
    #expect(catalogue.count == 2)
    #expect(try catalogue.ask(.get(name: "é")) == .entry(entry("é", "one", 1)))
    #expect(try catalogue.names("e") == ["e\u{301}"])
  }

  @Test("Names and values have their limits, and who breaks them is told so")
  func limits() throws {
    var catalogue = Catalogue()
    let longest = String(repeating: "n", count: Limits.nameBytes)
    try catalogue.set(longest, "v")
    for name in ["", longest + "n", "a\nb", "a\u{7F}", "\0"] {
      #expect(throws: Refusal.self) { try catalogue.set(name, "v") }
    }
    let largest = [UInt8](repeating: 1, count: Catalogue.valueBytes)
    let answer = try catalogue.run(.set(name: "v", value: largest, expected: nil))
    #expect(answer == .changed(revision: 2))
    let error = #expect(throws: Refusal.self) {
      try catalogue.run(.set(name: "w", value: largest + [1], expected: nil))
    }
    #expect(error?.reason.contains("keep it elsewhere") == true)
    #expect(catalogue.revision == 2)
  }

  @Test("Who watches waits for a change of its own, and hears of deletions")
  func watch() throws {
    var catalogue = Catalogue()
    try catalogue.set("a/1", "x")
    try catalogue.set("b", "x")
    #expect(
      try catalogue.ask(.watch(prefix: "a/", since: 0))
        == .changes([entry("a/1", "x", 1)], deleted: [], revision: 2))
    #expect(try catalogue.ask(.watch(prefix: "a/", since: 1)) == nil)
    try catalogue.set("a/2", "y")
    try catalogue.set("a/1", "z")
    #expect(
      try catalogue.ask(.watch(prefix: "a/", since: 2))
        == .changes([entry("a/2", "y", 3), entry("a/1", "z", 4)], deleted: [], revision: 4))
    try catalogue.delete("a/2")
    #expect(
      try catalogue.ask(.watch(prefix: "a/", since: 4))
        == .changes([], deleted: ["a/2"], revision: 5))
    try catalogue.set("a/2", "again")
    #expect(
      try catalogue.ask(.watch(prefix: "a/", since: 4))
        == .changes([entry("a/2", "again", 6)], deleted: [], revision: 6))
    try catalogue.delete("a/2")
    #expect(
      try catalogue.ask(.watch(prefix: "a/", since: 4))
        == .changes([], deleted: ["a/2"], revision: 7))
    #expect(try catalogue.ask(.watch(prefix: "b", since: 2)) == nil)
  }

  @Test("Who watches from before forgotten deletions is told to list anew")
  func forgotten() throws {
    var catalogue = Catalogue()
    for index in 0...Catalogue.deletionsMaximum {
      try catalogue.set("n", "\(index)")
      try catalogue.delete("n")
    }
    let revision = catalogue.revision
    #expect(
      try catalogue.ask(.watch(prefix: "", since: 1)) == .forgotten(revision: revision))
    #expect(
      try catalogue.ask(.watch(prefix: "", since: 2))
        == .changes([], deleted: ["n"], revision: revision))
  }

  @Test("A catalogue that was written is the same when it is read, and goes on the same")
  func snapshot() throws {
    for seed in 1...20 {
      var random = RandomSource(seed)
      var catalogue = Catalogue()
      func change(_ catalogue: inout Catalogue, _ number: Int) throws {
        let name = "n\(number % 7)"
        if number % 3 == 0 {
          try catalogue.delete(name)
        } else {
          try catalogue.set(name, "\(number)")
        }
      }
      for _ in 0..<random.number(0...40) { try change(&catalogue, random.number(0...100)) }
      let bytes = catalogue.written
      var copy = try bytes.withBytes { bytes in
        var reader = ByteReader(bytes)
        let copy = try Catalogue(reading: &reader)
        #expect(reader.isAtEnd)
        return copy
      }
      #expect(copy == catalogue)
      for _ in 0..<20 {
        let number = random.number(0...100)
        try change(&catalogue, number)
        try change(&copy, number)
      }
      #expect(copy.written == catalogue.written)
      for count in 0..<bytes.count {
        #expect(throws: ByteReader.Damaged.self) {
          try Array(bytes[..<count]).withBytes { bytes in
            var reader = ByteReader(bytes)
            _ = try Catalogue(reading: &reader)
          }
        }
      }
    }
  }

  @Test("What is no command and no question is refused, and changes nothing")
  func damaged() {
    for seed in 1...500 {
      var random = RandomSource(seed)
      var catalogue = Catalogue()
      let bytes = random.bytes(random.number(0...30))
      bytes.withBytes { bytes in
        _ = try? catalogue.apply(bytes, at: Version(view: 1, sequence: 0))
        _ = try? catalogue.answer(bytes)
      }
      #expect(catalogue.revision <= 1)
    }
    var catalogue = Catalogue()
    #expect(throws: Refusal("what was sent is no command of the catalogue")) {
      try [9].withBytes { try catalogue.apply($0, at: Version(view: 1, sequence: 0)) }
    }
    #expect(throws: Refusal("what was sent is no question to the catalogue")) {
      try [9].withBytes { try catalogue.answer($0) }
    }
  }
}
