// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How long random tests go on.
enum Seeds {
  /// `MAPRED_SEEDS`, or what a test usually takes.
  static func count(usually count: Int) -> Int {
    ProcessInfo.processInfo.environment["MAPRED_SEEDS"].flatMap { Int($0) } ?? count
  }
}
