// SPDX-License-Identifier: Apache-2.0
import CSystem
import Exchange
import Fabrics
import Glibc
import Memory
import Vocabulary

extension HostFacts {
  /// Looks at this host. `flags` and `configFile` are what the command line says of settings.
  package static func read(
    flags: [SettingsSources.Flag], configFile: String?
  ) -> HostFacts {
    var facts = HostFacts()
    facts.readSystem()
    facts.readLimits()
    facts.readSettings(.ofProcess(flags: flags, configFile: configFile))
    facts.readSockets()
    return facts
  }

  private mutating func readSystem() {
    var names = utsname()
    if unsafe uname(&names) == 0 {
      kernel = unsafe withUnsafeBytes(of: &names.release) { raw in
        unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
    }
    let process = mapred_open_process(getpid())
    hasProcessDescriptors = process >= 0
    if process >= 0 { close(process) }
    let file = unsafe mapred_memory_file("doctor")
    hasMemoryFiles = file >= 0
    if file >= 0 { close(file) }
    var room = statvfs()
    if unsafe statvfs("/dev/shm", &room) == 0 {
      let unit = Int(room.f_frsize)
      sharedMemory = (size: Int(room.f_blocks) * unit, free: Int(room.f_bavail) * unit)
    }
    let host = SettingsSources.Host.current
    memoryBytes = HostMemory.ofHost
    memoryLimit = HostMemory.groupLimit
    processors = host.processors
    hasLZ4 = BlockCodec.isAvailable
    devices = PrivateDirectory.names(in: "/sys/class/infiniband") ?? []
    isRoot = geteuid() == 0
  }

  private mutating func readLimits() {
    openFiles = Self.limit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue))
    lockedBytes = Self.limit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue))
  }

  private static func limit(_ kind: __rlimit_resource_t) -> Limit {
    var found = rlimit()
    guard unsafe getrlimit(kind, &found) == 0 else { return Limit(soft: nil, hard: nil) }
    func bytes(_ value: rlim_t) -> UInt64? { value == rlim_t.max ? nil : UInt64(value) }
    return Limit(soft: bytes(found.rlim_cur), hard: bytes(found.rlim_max))
  }

  private mutating func readSettings(_ sources: SettingsSources) {
    settingsFiles = sources.files.map(\.path).filter { unsafe access($0, F_OK) == 0 }
    var address = "127.0.0.1:0"
    do throws(SettingsError) {
      let settings = NodeSettings(try Settings.read(sources))
      executorUser = settings.executorUser
      address = settings.dataListen.description
    } catch {
      settingsProblems = error.problems
    }
    hasExecutorUser = ExecutorUser(named: executorUser) != nil
    if !devices.isEmpty, case .absent(let reason) = VerbsProbe.device(address) {
      verbsObstacle = reason
    }
  }

  private mutating func readSockets() {
    let places = LocalSockets()
    socketDirectory = places.base
    if unsafe access(places.base, F_OK) == 0 {
      do throws(FabricError) { try PrivateDirectory.check(places.base) } catch {
        socketDirectoryProblem = error.description
      }
    }
    sockets = places.paths.map { path in
      Socket(
        path: path, status: try? NodeClient(path).status(milliseconds: Self.patienceMilliseconds))
    }
    endedNodes = StandingCluster().endedNodes
  }

  private static let patienceMilliseconds = 1000
}
