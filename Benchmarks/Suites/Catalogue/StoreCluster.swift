// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Glibc

/// A store that can be measured.
enum Store: String, CaseIterable {
  case shm = "mapred-shm"
  case tcp = "mapred-tcp"
  case etcd
  case zookeeper

  var isOurs: Bool { self == .shm || self == .tcp }

  /// The first of the ports of its members.
  var port: Int {
    switch self {
    case .shm: 24_310
    case .tcp: 24_330
    case .etcd: 24_350
    case .zookeeper: 24_370
    }
  }

  var isInstalled: Bool {
    switch self {
    case .shm, .tcp: true
    case .etcd: ChildProcess.isInstalled("etcd")
    case .zookeeper:
      unsafe access("/usr/share/java/zookeeper.jar", R_OK) == 0
        && ChildProcess.isInstalled("java")
    }
  }

  var dialect: any Dialect {
    switch self {
    case .shm, .tcp: NodeDialect()
    case .etcd: EtcdDialect()
    case .zookeeper: ZooKeeperDialect()
    }
  }
}

/// Three members of a store, as processes of this machine. They end with this program.
final class StoreCluster {
  let store: Store
  /// Where each member takes clients.
  private(set) var members: [String] = []
  private var processes: [Int] = []
  private var script: pid_t = 0
  private var input: Int32 = -1

  /// Seconds until all members take commands.
  private static let patience = 60.0

  var name: String { store.rawValue }

  /// Starts them, waits until each does what it is asked, and makes the entries.
  init(_ store: Store, session: Session, valueBytes: Int) throws {
    self.store = store
    let path = try session.references.path("cluster.sh")
    let (input, output) = (try ChildProcess.pipe(), try ChildProcess.pipe())
    defer { close(output.read) }
    self.input = input.write
    do {
      defer {
        close(input.read)
        close(output.write)
      }
      script = try ChildProcess.spawn(
        ["bash", path, name, String(store.port), ChildProcess.folder() + "/mapred"],
        ChildProcess.Streams(input: input.read, output: output.write, error: 2))
    }
    try readMembers(output.read)
    try waitForAll(StoreLoad.value(valueBytes))
  }

  deinit { end() }

  func end() {
    guard input >= 0 else { return }
    close(input)
    input = -1
    _ = try? ChildProcess.wait(for: script)
  }

  private func readMembers(_ output: Int32) throws {
    var text = ""
    while text.split(separator: "\n").count < 3 || !text.hasSuffix("\n") {
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = unsafe read(output, &bytes, bytes.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw BenchmarkError("no cluster of \(name) could be started") }
      text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 2, let process = Int(words[0]) else { continue }
      processes.append(process)
      members.append(String(words[1]))
    }
  }

  func client(of member: String) throws -> StoreClient {
    try StoreClient(member, store.dialect)
  }

  private func waitForAll(_ value: [UInt8]) throws {
    let end = seconds(CLOCK_MONOTONIC) + Self.patience
    for member in members {
      while true {
        do {
          try client(of: member).perform(.create, key: 0, value: value)
          break
        } catch {
          try Interruption.check()
          guard seconds(CLOCK_MONOTONIC) < end else {
            throw BenchmarkError("a member of \(name) takes no commands: \(error)")
          }
          usleep(100_000)
        }
      }
    }
    for work in [StoreWork.create, .set] {
      let client = try client(of: members[0])
      for key in 0..<StoreKey.count { try client.perform(work, key: key, value: value) }
    }
  }

  /// Processor time of all members so far.
  var cpuSeconds: Double {
    processes.reduce(0) { sum, process in
      let text = (try? Files.read("/proc/\(process)/stat", atMost: 4096)) ?? ""
      // Behind the name, which may hold anything: user and system time are fields 14 and 15.
      let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
      guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12])
      else { return sum }
      return sum + (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
  }
}
