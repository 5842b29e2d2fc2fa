// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Engine
package import Exchange
import Fabrics
import Glibc
package import Memory
package import Replication
package import Vocabulary

/// A way to ask a node: over its socket, or from inside of its process.
package protocol NodeAccess: AnyObject {
  /// Sends what is asked, as bytes, and waits for the reply.
  func exchange(_ request: [UInt8], milliseconds: Int) throws(NodeClient.Failure) -> Reply
  /// The number of this client's next command.
  func nextCommand() -> CommandID
}

extension NodeClient {
  /// The digest of an executable, and its bytes.
  package static func executable(
    _ path: String
  ) throws(NodeClient.Failure) -> (digest: CodeDigest, bytes: [UInt8]) {
    guard case .bytes(let bytes) = FileBytes.read(path, most: CodeStore.sizeMaximum),
      let digest = CodeDigest(bytes.withBytes { SHA256.of($0) })
    else { throw .refused("cannot read the executable \(path)") }
    return (digest, bytes)
  }
}

/// Submits jobs, and reads their results.
extension NodeAccess {
  /// Microseconds since 1970.
  private var clock: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }

  /// Sends a request and waits for its reply.
  package func ask(_ request: Request, milliseconds: Int) throws(NodeClient.Failure) -> Reply {
    try exchange(request.encoded, milliseconds: milliseconds)
  }

  package func status(milliseconds: Int) throws(NodeClient.Failure) -> NodeStatus {
    switch try ask(.status, milliseconds: milliseconds) {
    case .status(let bytes):
      if let status = try? bytes.withBytes({ try NodeStatus($0) }) { return status }
    case .unavailable(let reason): throw .unavailable(reason)
    case .busy(let reason): throw .busy(reason)
    case .outcome, .malformed, .leaving: break
    }
    throw .refused("the node answered no status")
  }

  /// Brings an executable to the node, where it lacks it.
  package func bring(
    _ code: CodeDigest, _ bytes: [UInt8], milliseconds: Int
  ) throws(NodeClient.Failure) {
    if try ask(.find(code), milliseconds) == [1] { return }
    var offset = 0
    while offset < bytes.count {
      let end = min(bytes.count, offset + CodeStore.pieceBytes)
      let piece = Array(bytes[offset..<end])
      let request = CodeRequest.keep(code, size: bytes.count, offset: offset, piece)
      _ = try ask(request, milliseconds)
      offset = end
    }
    // The node looks at it as a whole before it keeps it.
    for _ in 0..<max(1, milliseconds) {
      if try ask(.find(code), milliseconds) == [1] { return }
      usleep(1000)
    }
    // It may still be looking.
    throw .unavailable("the node has not kept the executable yet: its log says why")
  }

  func ask(_ request: CodeRequest, _ milliseconds: Int) throws(NodeClient.Failure) -> [UInt8] {
    try outcome(try exchange(request.encoded, milliseconds: milliseconds))
  }

  private func outcome(_ reply: Reply) throws(NodeClient.Failure) -> [UInt8] {
    switch reply {
    case .outcome(.done(let bytes)): return bytes
    case .outcome(.refused(let reason)), .malformed(let reason): throw .refused(reason)
    case .unavailable(let reason): throw .unavailable(reason)
    case .busy(let reason): throw .busy(reason)
    case .outcome(.waits), .status, .leaving: throw .refused("the node answered something else")
    }
  }

  private func answer(
    _ request: Request, _ milliseconds: Int
  ) throws(NodeClient.Failure) -> JobAnswer {
    let bytes = try outcome(try ask(request, milliseconds: milliseconds))
    guard let answer = try? bytes.withBytes({ try JobAnswer.read($0) }) else {
      throw .refused("the node answered what is no answer about jobs")
    }
    return answer
  }

  private func command(
    _ command: JobCommand, as id: CommandID, _ milliseconds: Int
  ) throws(NodeClient.Failure) -> JobAnswer {
    var content = ByteBuffer()
    command.write(into: &content)
    var out = ByteBuffer()
    Submission.command(id, content.bytes).write(into: &out)
    return try answer(.submit(Array(out.bytes)), milliseconds)
  }

  private func question(
    _ question: JobQuestion, isWaiting: Bool = false, _ milliseconds: Int
  ) throws(NodeClient.Failure) -> JobAnswer {
    var content = ByteBuffer()
    question.write(into: &content)
    if isWaiting { return try answer(.watch(Array(content.bytes)), milliseconds) }
    var out = ByteBuffer()
    Submission.question(content.bytes).write(into: &out)
    return try answer(.submit(Array(out.bytes)), milliseconds)
  }

  package func submit(_ spec: JobSpec, milliseconds: Int) throws(NodeClient.Failure) -> JobID {
    try submit(spec, as: nextCommand(), milliseconds: milliseconds)
  }

  /// The same with a number of the caller's, so that it can be said again elsewhere.
  func submit(
    _ spec: JobSpec, as id: CommandID, milliseconds: Int
  ) throws(NodeClient.Failure) -> JobID {
    let said = JobCommand.submit(spec, clock: clock)
    guard case .submitted(let job) = try command(said, as: id, milliseconds) else {
      throw .refused("the node answered something else")
    }
    return job
  }

  package func cancel(_ id: JobID, milliseconds: Int) throws(NodeClient.Failure) {
    _ = try command(.cancel(id, clock: clock), as: nextCommand(), milliseconds)
  }

  /// A job; where `since` is given, once it has changed after that revision.
  package func job(
    _ id: JobID, since: UInt64? = nil, milliseconds: Int
  ) throws(NodeClient.Failure) -> JobRecord {
    try job(.job(id, since: since ?? 0), isWaiting: since != nil, milliseconds)
  }

  /// A job, once it is over.
  package func ended(
    _ id: JobID, milliseconds: Int
  ) throws(NodeClient.Failure) -> JobRecord {
    try job(.ended(id), isWaiting: true, milliseconds)
  }

  private func job(
    _ asked: JobQuestion, isWaiting: Bool, _ milliseconds: Int
  ) throws(NodeClient.Failure) -> JobRecord {
    let answer = try question(asked, isWaiting: isWaiting, milliseconds)
    guard case .job(let job) = answer else { throw .refused("the node answered something else") }
    return job
  }

  package func jobs(limit: Int, milliseconds: Int) throws(NodeClient.Failure) -> [JobRecord] {
    let asked = JobQuestion.jobs(phases: [], before: nil, limit: limit)
    return try page(asked, milliseconds: milliseconds).jobs
  }

  /// Some jobs, and whether there are older ones.
  package func page(
    _ asked: JobQuestion, milliseconds: Int
  ) throws(NodeClient.Failure) -> (jobs: [JobRecord], hasMore: Bool) {
    guard case .jobs(let jobs, let hasMore) = try question(asked, milliseconds) else {
      throw .refused("the node answered something else")
    }
    return (jobs, hasMore)
  }

  package func versions(
    _ asked: JobQuestion, milliseconds: Int
  ) throws(NodeClient.Failure) -> [ResultVersion] {
    guard case .versions(let versions) = try question(asked, milliseconds) else {
      throw .refused("the node answered something else")
    }
    return versions
  }

  /// Hands the selected records of a version to `body`, in order, until it returns false.
  package func forEach(
    _ version: ResultVersion, _ selection: RecordSelection, milliseconds: Int,
    _ body: (_ key: Bytes, _ value: Bytes) throws -> Bool
  ) throws {
    var cursor = try ResultCursor(version, selection)
    while true {
      while let wanted = cursor.wanted { try cursor.take(section(wanted, milliseconds)) }
      guard try cursor.next(body) == true else { return }
    }
  }

  /// The frames of a partition of a version, in order: all of them, or the first `limit`.
  package func frames(
    _ version: ResultVersion, partition: Int, limit: Int = .max, milliseconds: Int
  ) throws(NodeClient.Failure) -> [UInt8] {
    var bytes: [UInt8] = []
    if limit == .max { bytes.reserveCapacity(version.runs[partition].bytes) }
    // Frames that were counted, and where they end.
    var counted = (frames: 0, end: 0)
    while bytes.count < version.runs[partition].bytes {
      if limit < version.runs[partition].records {
        Self.count(&counted, upTo: limit, in: bytes)
        if counted.frames == limit { return Array(bytes[..<counted.end]) }
      }
      let asked = RunQuestion(
        step: version.step, partition: partition, start: .offset(bytes.count))
      let found = try section(asked, milliseconds)
      guard found.offset == bytes.count, !found.bytes.isEmpty else {
        throw .refused("partition \(partition) of \(version.name) is shorter than it has to be")
      }
      bytes += found.bytes
    }
    return bytes
  }

  /// Goes on counting the frames that are whole.
  private static func count(
    _ counted: inout (frames: Int, end: Int), upTo limit: Int, in bytes: [UInt8]
  ) {
    bytes.withBytes { bytes in
      var reader = ByteReader(bytes[counted.end...])
      while counted.frames < limit, let frame = try? reader.frame() {
        counted = (counted.frames + 1, counted.end + frame.size)
      }
    }
  }

  private func section(
    _ question: RunQuestion, _ milliseconds: Int
  ) throws(NodeClient.Failure) -> RunSection {
    let found = try outcome(try ask(.read(question), milliseconds: milliseconds))
    guard let section = try? found.withBytes({ try RunSection($0) }) else {
      throw .refused("the node answered what is no part of a result")
    }
    return section
  }

  /// What a job waits for, in words; nil where it is over, or nobody knows just now.
  package func waits(of job: JobRecord, milliseconds: Int) throws(NodeClient.Failure) -> String? {
    guard !job.phase.isOver else { return nil }
    do throws(NodeClient.Failure) {
      return try inquire(.waits(job.id), milliseconds: milliseconds).first
    } catch .unavailable(let reason) { return reason }
  }

  /// What a member answers to an inquiry, by lines.
  package func inquire(
    _ inquiry: Inquiry, milliseconds: Int
  ) throws(NodeClient.Failure) -> [String] {
    let bytes = try outcome(try ask(.inquire(inquiry), milliseconds: milliseconds))
    guard let lines = Inquiry.lines(bytes) else {
      throw .refused("the node answered something else")
    }
    return lines
  }
}
