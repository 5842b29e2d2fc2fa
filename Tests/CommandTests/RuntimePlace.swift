// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A directory that a test's nodes have for their sockets. Ended with the test, with all nodes
/// that are written down there.
final class RuntimePlace: Sendable {
  /// Short, because paths of sockets have little room.
  let path = "/tmp/mapred-\(UInt32.random(in: 0 ... .max))"

  init() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  deinit {
    for node in recorded { _ = kill(node, SIGKILL) }
    try? FileManager.default.removeItem(atPath: path)
  }

  /// What commands need to find it.
  var environment: [String: String] { ["XDG_RUNTIME_DIR": path] }

  /// Where `up` puts what belongs to its cluster.
  var up: String { "\(path)/mapred/up" }

  /// The numbers of the processes that `up` has written down.
  private var recorded: [pid_t] {
    let text = (try? String(contentsOfFile: "\(up)/processes", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      return words.count == 4 && words[0] == "node" ? pid_t(words[2]) : nil
    }
  }

  /// Sockets of nodes that were started for one run.
  var runSockets: [String] {
    let base = "\(path)/mapred"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    return names.filter { $0.hasPrefix("run-") }.map { "\(base)/\($0)/n1.sock" }
  }

  /// Names in the directory of all sockets.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "\(path)/mapred")) ?? []).sorted()
  }

  /// The processes that have this directory on their command line.
  var processes: [pid_t] {
    let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return numbers.compactMap { pid_t($0) }.filter { number in
      let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
      return line.range(of: Data("\(path)/".utf8)) != nil
    }
  }
}
