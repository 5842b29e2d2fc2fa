// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What processes have used so far, with all that they started.
package struct ProcessUsage: Sendable {
  /// Seconds of processor time, user and system; also of descendants that have ended.
  package let cpu: Double
  /// The most that each had resident since it was last forgotten, summed up, in bytes.
  package let peak: Int

  /// Looks at the processes of these numbers and at their descendants. O(processes of the host).
  package static func of(_ roots: [Int32]) -> ProcessUsage {
    var cpu = 0.0
    var peak = 0
    for process in family(of: roots) {
      cpu += process.cpu
      peak += ProcessStat.peak(process.number)
    }
    return ProcessUsage(cpu: cpu, peak: peak)
  }

  /// Lets peaks begin anew, where the system allows it.
  package static func forgetPeaks(of roots: [Int32]) {
    for process in family(of: roots) { forgetPeak(of: process.number) }
  }

  static func forgetPeak(of number: Int32) {
    let descriptor = unsafe open("/proc/\(number)/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // 5: the peak becomes what is resident now.
    var digit = UInt8(ascii: "5")
    _ = unsafe write(descriptor, &digit, 1)
  }

  /// The most that a process had resident since that was last forgotten, in bytes.
  static func peak(of number: Int32) -> Int { ProcessStat.peak(number) }

  private static func family(of roots: [Int32]) -> [ProcessStat] {
    let numbers = (PrivateDirectory.names(in: "/proc") ?? []).compactMap { Int32($0) }
    let all = numbers.compactMap { ProcessStat($0) }
    var members = all.filter { roots.contains($0.number) }
    var place = 0
    while place < members.count {
      let parent = members[place].number
      members += all.filter { $0.parent == parent && !roots.contains($0.number) }
      place += 1
    }
    return members
  }
}

/// What the system tells of a process.
private struct ProcessStat {
  let number: Int32
  let parent: Int32
  /// Its own processor time, and that of its children that have ended.
  let cpu: Double

  /// Nil where there is none of this number.
  init?(_ number: Int32) {
    guard case .bytes(let bytes) = FileBytes.read("/proc/\(number)/stat", most: 1 << 16),
      // The program's name stands in parentheses, and may hold any character.
      let name = bytes.lastIndex(of: UInt8(ascii: ")"))
    else { return nil }
    let fields = bytes[(name + 1)...].split(separator: UInt8(ascii: " "))
      .map { String(decoding: $0, as: UTF8.self) }
    guard fields.count > Self.childrenSystem, let parent = Int32(fields[Self.parentField]) else {
      return nil
    }
    func seconds(_ places: ClosedRange<Int>) -> Double {
      let ticks = places.reduce(0) { $0 + (Double(fields[$1]) ?? 0) }
      return ticks / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
    self.number = number
    self.parent = parent
    // The clock is finer than the ticks that stand in the file.
    let own = Self.clock(number) ?? seconds(Self.user...Self.system)
    cpu = own + seconds(Self.childrenUser...Self.childrenSystem)
  }

  // Where these stand behind the name.
  private static let parentField = 1
  private static let user = 11
  private static let system = 12
  private static let childrenUser = 13
  private static let childrenSystem = 14

  private static func clock(_ number: Int32) -> Double? {
    var clock = clockid_t()
    var time = timespec()
    guard unsafe clock_getcpuclockid(number, &clock) == 0,
      unsafe clock_gettime(clock, &time) == 0
    else { return nil }
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The most that it had resident, in bytes; 0 where that is not told.
  static func peak(_ number: Int32) -> Int {
    guard case .bytes(let bytes) = FileBytes.read("/proc/\(number)/status", most: 1 << 16) else {
      return 0
    }
    let mark = "VmHWM:"
    let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix(mark) }
    let size = line?.dropFirst(mark.count).split(whereSeparator: \.isWhitespace).first
    return (size.flatMap { Int($0) } ?? 0) << 10
  }
}
