// SPDX-License-Identifier: Apache-2.0
package import Vocabulary

/// The last lines that a node's executors wrote, by job: for people, who ask when something went
/// wrong.
package struct OutputBook: Sendable {
  private struct Page: Sendable {
    let job: JobID
    var lines: [String] = []
    var bytes = 0
  }

  /// The one that was written to last comes last.
  private var pages: [Page] = []

  package static let jobsMaximum = 32
  package static let bytesMaximum = 64 << 10

  package init() {}

  /// Keeps a line; the oldest ones of the job, and the job that was quiet for longest, make room.
  package mutating func append(_ line: String, of job: JobID) {
    let place = pages.firstIndex { $0.job == job }
    var page = place.map { pages.remove(at: $0) } ?? Page(job: job)
    page.lines.append(line)
    page.bytes += line.utf8.count
    while page.bytes > Self.bytesMaximum, page.lines.count > 1 {
      page.bytes -= page.lines.removeFirst().utf8.count
    }
    pages.append(page)
    if pages.count > Self.jobsMaximum { pages.removeFirst() }
  }

  /// Oldest first.
  package func lines(of job: JobID) -> [String] { pages.first { $0.job == job }?.lines ?? [] }
}
