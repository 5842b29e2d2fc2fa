// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Executables that the build has made.
enum Built {
  private static let directory = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent()
  static let mapred = directory.appending(path: "mapred").path
  static let faulty = directory.appending(path: "FaultyJobs").path
  static let host = directory.appending(path: "ExecutorHost").path
}
