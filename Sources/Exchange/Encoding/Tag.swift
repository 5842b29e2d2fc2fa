// SPDX-License-Identifier: Apache-2.0

/// The first byte of each node in a tree of tagged values, the form of `Codable` values.
///
/// The tree describes itself, so that a result can be shown without the job's types. Behind the
/// tag stand: nothing (`none`, `no`, `yes`); a zig-zag varint (`integer`); a varint (`natural`);
/// eight bytes, little-endian (`double`); a varint length and UTF-8 (`text`); a varint count and as
/// many nodes (`list`); a varint count and as many pairs of text and node (`record`).
package enum Tag: UInt8, Sendable {
  case none = 0
  case no = 1
  case yes = 2
  case integer = 3
  case natural = 4
  case double = 5
  case text = 6
  case list = 7
  case record = 8
}
