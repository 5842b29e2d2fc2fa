// SPDX-License-Identifier: Apache-2.0
import Fabrics

/// The C++ programs that multicast is compared with: each prints one line about itself.
struct MulticastReferences {
  let session: Session

  /// One thread copies a message out of a ring: what a copy for one other member costs.
  func copy(_ workload: Workload) throws -> Contestant? {
    try contestant("memcpy", "C++ memcpy") { program in
      let count = messages(workload, bytes: session.isSmall ? 64 << 20 : 2 << 30)
      return (
        [program, String(workload.bytes), String(workload.ringBytes), String(count)],
        Double(count), 1.0
      )
    }
  }

  /// One process writes the message to a socket for each other member.
  func send(_ workload: Workload) throws -> Contestant? {
    try contestant("epollsend", "C++ epoll") { program in
      let count = messages(workload, bytes: session.isSmall ? 16 << 20 : 512 << 20)
      return (
        [program, String(workload.bytes), String(count), String(workload.copies)], Double(count),
        Double(workload.copies)
      )
    }
  }

  /// As many messages as have so many bytes, within reason.
  private func messages(_ workload: Workload, bytes: Int) -> Int {
    max(2, min(session.isSmall ? 100_000 : 4_000_000, bytes / workload.bytes))
  }

  private func contestant(
    _ program: String, _ name: String,
    _ command: (String) -> (arguments: [String], messages: Double, copies: Double)
  ) throws -> Contestant? {
    guard let path = try session.references.program(program) else { return nil }
    let (arguments, messages, copies) = command(path)
    return Contestant(name: name) {
      let fields = FlatObject(try ChildProcess.output(of: arguments))
      guard let bytes = fields.number("bytes"), let wall = fields.number("seconds"),
        let cpu = fields.number("cpu"), wall > 0
      else { throw BenchmarkError("\(name) gave no figure") }
      var sample = Sample(wall: wall, cpu: cpu)
      sample.figures["messages"] = messages / wall
      sample.figures["delivered"] = bytes * messages * copies / wall / 1e9
      sample.figures["cpu/message"] = cpu / messages * 1e6
      return sample
    }
  }

  /// Two processes that wake each other through shared memory. With pauses in between, in
  /// microseconds, it is the least that a delay can be where members park.
  func pingPong(yields: Int, rounds: Int, pause: Int? = nil) throws -> Contestant? {
    guard let path = try session.references.program("pingpong") else { return nil }
    let waiting = yields == 0 ? "C++ futex" : "C++ \(yields) yields, futex"
    let name = pause == nil ? waiting : waiting + ", paced"
    let command = [path, String(rounds), String(yields)] + (pause.map { [String($0)] } ?? [])
    return Contestant(name: name) {
      let fields = FlatObject(try ChildProcess.output(of: command))
      guard let middle = fields.number("p50"), let late = fields.number("p99"),
        let cpu = fields.number("cpu")
      else { throw BenchmarkError("\(name) gave no figure") }
      var sample = Sample(wall: .nan, cpu: cpu * Double(rounds) / 1e6)
      sample.figures = ["delay p50": middle, "delay p99": late, "cpu/message": cpu / 2]
      return sample
    }
  }
}
