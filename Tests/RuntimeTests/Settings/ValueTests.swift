// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Runtime

@Suite("Values of settings")
struct ValueTests {
  @Test(
    "A duration is a whole number with a unit",
    arguments: [
      ("1ns", 1), ("7us", 7_000), ("500ms", 500_000_000), ("2s", 2_000_000_000),
      ("10m", 600_000_000_000), ("3h", 10_800_000_000_000), ("1d", 86_400_000_000_000),
      ("0s", 0), ("99999999999999999999s", UInt64.max), ("30000000000000000d", UInt64.max),
    ] as [(String, UInt64)])
  func durations(_ text: String, _ nanoseconds: UInt64) {
    #expect(Units.nanoseconds(text) == nanoseconds)
  }

  @Test("What is no duration", arguments: ["", "5", "s", "-1s", "1.5s", "1 s", "1S", "1mss", "١s"])
  func wrongDurations(_ text: String) { #expect(Units.nanoseconds(text) == nil) }

  @Test(
    "A size is a whole number with a binary unit, or of bytes",
    arguments: [
      ("0", 0), ("12", 12), ("12B", 12), ("1KiB", 1024), ("64MiB", 67_108_864),
      ("2GiB", 2_147_483_648), ("1TiB", 1_099_511_627_776), ("99999999TiB", Int.max),
    ])
  func sizes(_ text: String, _ bytes: Int) { #expect(Units.bytes(text) == bytes) }

  @Test("What is no size", arguments: ["", "MiB", "1MB", "1K", "-1", "1.5KiB", "1kib"])
  func wrongSizes(_ text: String) { #expect(Units.bytes(text) == nil) }

  @Test("Durations and sizes are shown in the largest unit that is exact, and read back")
  func shown() {
    let durations: [(UInt64, String)] = [
      (0, "0ns"), (1, "1ns"), (1_500_000_000, "1500ms"), (60_000_000_000, "1m"),
      (90_000_000_000, "90s"), (86_400_000_000_000, "1d"), (.max, "18446744073709551615ns"),
    ]
    for (value, text) in durations {
      #expect(Units.text(nanoseconds: value) == text)
      #expect(Units.nanoseconds(text) == value)
    }
    for (value, text) in [(0, "0B"), (1023, "1023B"), (1536, "1536B"), (1 << 20, "1MiB")] {
      #expect(Units.text(bytes: value) == text)
      #expect(Units.bytes(text) == value)
    }
  }

  @Test(
    "Addresses",
    arguments: [
      ("127.0.0.1:7071", "127.0.0.1", 7071), ("n-1.lab:0", "n-1.lab", 0), ("[::1]:9", "::1", 9),
      ("host:65535", "host", 65535),
    ] as [(String, String, UInt16)])
  func addresses(_ text: String, _ host: String, _ port: UInt16) {
    #expect(HostPort(text) == HostPort(host: host, port: port))
    #expect(HostPort(text)?.description == text)
  }

  @Test(
    "What is no address",
    arguments: [
      "", "host", ":7071", "host:", "host:65536", "host:-1", "host:+1", "::1:7071", "[x]:1",
      "[::1]", "a b:1", "a/b:1", "ä:1", "[]:1",
    ])
  func wrongAddresses(_ text: String) { #expect(HostPort(text) == nil) }

  @Test("Only addresses of this host are loopback")
  func loopback() {
    for host in ["127.0.0.1", "127.9.8.7", "::1", "localhost", "LocalHost", "::ffff:127.0.0.1"] {
      #expect(HostPort(host: host, port: 1).isLoopback, "\(host)")
    }
    for host in [
      "128.0.0.1", "0.0.0.0", "::", "::2", "127.evil.example", "localhost.example", "1::1",
      "::ffff:10.0.0.1", "127",
    ] {
      #expect(!HostPort(host: host, port: 1).isLoopback, "\(host)")
    }
  }

  @Test("All addresses of a host are no address to dial")
  func wildcard() {
    for host in ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"] {
      #expect(HostPort(host: host, port: 1).isWildcard, "\(host)")
    }
    for host in ["0.0.0.1", "::1", "zero", "127.0.0.1"] {
      #expect(!HostPort(host: host, port: 1).isWildcard, "\(host)")
    }
  }

  @Test("A swap of neighbours is one edit, and the nearest name wins")
  func edits() {
    func distance(_ a: String, _ b: String) -> Int {
      EditDistance.between(Array(a.utf8), Array(b.utf8))
    }
    #expect(distance("", "abc") == 3)
    #expect(distance("listen", "listen") == 0)
    #expect(distance("lsiten", "listen") == 1)
    #expect(distance("lstn", "listen") == 2)
    #expect(distance("kitten", "sitting") == 3)
    let names = ["join", "joint", "point"]
    #expect(EditDistance.nearest(to: "joi", in: names, edits: 2) == "join")
    #expect(EditDistance.nearest(to: "jont", in: names, edits: 1) == "joint")
    #expect(EditDistance.nearest(to: "xyz", in: names, edits: 2) == nil)
  }

  @Test("A kind without a setting: true and false")
  func bools() throws {
    #expect(try SettingKind.bool.value(.plain("true")) == .bool(true))
    #expect(try SettingKind.bool.value(.bool(false)) == .bool(false))
    #expect(throws: Complaint.self) { try SettingKind.bool.value(.plain("yes")) }
    #expect(throws: Complaint.self) { try SettingKind.bool.value(.text("true")) }
  }

  @Test("A value as a file has it is text with escapes")
  func toml() throws {
    let path = SettingValue.text("/a \"b\" \\c\t")
    let file = try SettingsFile(Array("x = \(path.toml)\n".utf8))
    guard case .text(let text)? = file.entries.first?.value else {
      Issue.record("no text")
      return
    }
    #expect(text == "/a \"b\" \\c\t")
  }
}
