// SPDX-License-Identifier: Apache-2.0
import Dataflow
import Testing
import Vocabulary

@Suite("What executors wrote")
struct OutputBookTests {
  @Test("is kept by job, the oldest lines making room")
  func lines() {
    var book = OutputBook()
    let long = String(repeating: "x", count: OutputBook.bytesMaximum / 4)
    book.append("first", of: JobID(1))
    for _ in 0..<4 { book.append(long, of: JobID(2)) }
    book.append("last", of: JobID(2))
    #expect(book.lines(of: JobID(1)) == ["first"])
    #expect(book.lines(of: JobID(2)) == [long, long, long, "last"])
    #expect(book.lines(of: JobID(3)) == [])
  }

  @Test("of a job that was quiet for longest goes first")
  func jobs() {
    var book = OutputBook()
    for number in 1...OutputBook.jobsMaximum { book.append("a", of: JobID(UInt64(number))) }
    book.append("b", of: JobID(1))
    book.append("a", of: JobID(1000))
    #expect(book.lines(of: JobID(1)) == ["a", "b"])
    #expect(book.lines(of: JobID(2)) == [])
    #expect(book.lines(of: JobID(1000)) == ["a"])
  }
}
