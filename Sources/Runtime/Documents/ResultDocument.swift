// SPDX-License-Identifier: Apache-2.0
package import Dataflow
package import Exchange
import Vocabulary

/// Versions of results as programs read them.
package enum ResultDocument {
  package static func of(_ version: ResultVersion) -> JSON {
    .object([
      ("type", .text("result")), ("name", .text(version.name)),
      ("version", .natural(version.version)), ("records", .integer(version.records)),
      ("bytes", .integer(version.bytes)), ("job", .text("\(version.job)")),
      ("committed_at", .text(version.instant.text)),
      ("lost", .bool(version.isLost)),
    ])
  }
}
