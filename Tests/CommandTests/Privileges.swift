// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Running commands with fewer rights than the tests have.
enum Privileges {
  private static let setpriv = "/usr/bin/setpriv"
  private static let bounds = "--bounding-set=-dac_override,-dac_read_search"

  /// Whether a command can be kept from what it may not read: always, unless root runs the tests
  /// on a system that cannot take root's rights away.
  static let canBeDropped = geteuid() != 0 || succeeds([setpriv, bounds, "/bin/true"])

  /// Whether a file system can be mounted for one command alone.
  static let canMount = succeeds([
    "/usr/bin/unshare", "--map-root-user", "--mount", "/bin/mount", "-t", "tmpfs", "-o", "size=1m",
    "none", "/mnt",
  ])

  private static func succeeds(_ command: [String]) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  /// Takes all rights to a file or directory away.
  static func close(_ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
  }

  /// Makes a directory that can be read and not written.
  static func closeForWriting(_ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
  }

  /// Runs `mapred` with the rights that the permissions of files give, even for root.
  static func run(_ arguments: [String], in scratch: Scratch) async throws -> Outcome {
    guard geteuid() == 0 else { return try await scratch.start(arguments).outcome() }
    return try await scratch.start(
      [bounds, Scratch.mapred] + arguments, executable: setpriv
    ).outcome()
  }
}
