// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("init")
struct InitTests {
  /// The root of this checkout.
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  private static let files = [
    ".gitignore", "Package.swift", "README.md", "Sources/LogReports/LogReports.swift",
    "Sources/LogReports/WordLengths.swift", "Tests/LogReportsTests/WordLengthsTests.swift",
    "words.txt",
  ]

  /// Where the compiler is that builds these tests.
  private static let toolchain: String = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let places = path.split(separator: ":").map(String.init)
    return places.first { FileManager.default.isExecutableFile(atPath: "\($0)/swiftc") }
      ?? "/usr/bin"
  }()

  @Test("It makes a package, and changes nothing that is there")
  func files() async throws {
    let scratch = try Scratch()
    let made = try await scratch.mapred("init", "log-reports", "--mapred", Self.root)
    expectSuccess(made)
    #expect(made.lines.sorted() == Self.files.map { "log-reports/\($0)" })
    for file in Self.files { #expect(try !scratch.read("log-reports/\(file)").isEmpty) }
    let again = try await scratch.mapred("init", "log-reports")
    expectFailure(again, 73, naming: "log-reports", "nothing was changed")
  }

  @Test("Without a checkout, the manifest says where to put the address")
  func placeholder() async throws {
    let scratch = try Scratch()
    let made = try await scratch.mapred("init", "x/reports")
    expectSuccess(made)
    #expect(made.words.contains("x/reports/Package.swift"))
    let manifest = String(decoding: try scratch.read("x/reports/Package.swift"), as: UTF8.self)
    #expect(manifest.contains("https://example.com/mapred.git"))
  }

  @Test("Names that cannot be a package's are refused", arguments: ["-.-", "7", "map-reduce"])
  func names(_ name: String) async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("init", "./\(name)")
    expectFailure(outcome, 64, naming: name)
    #expect(try scratch.names().isEmpty)
  }

  @Test("A path that is no checkout is refused")
  func noCheckout() async throws {
    let scratch = try Scratch()
    let outcome = try await scratch.mapred("init", "reports", "--mapred", ".")
    expectFailure(outcome, 66, naming: "Package.swift")
    #expect(try scratch.names().isEmpty)
  }

  @Test("The manifest is one, and the sources are right for the modules of this build")
  func sources() async throws {
    let scratch = try Scratch()
    for more in [["--mapred", Self.root], []] {
      let made = try await scratch.start(["init", "log-reports"] + more).outcome()
      expectSuccess(made)
      let manifest = try await scratch.shell(
        "\(Self.toolchain)/swift package --package-path log-reports dump-package")
      expectSuccess(manifest)
      #expect(manifest.text.contains("LogReportsTests"))
      if more.isEmpty { break }
      let checked = try await scratch.shell(
        """
        set -e
        cd log-reports
        check() {
          '\(Self.toolchain)/swiftc' -swift-version 6 -parse-as-library -I . \
            -I '\(Scratch.products)/Modules' \
            -Xcc -fmodule-map-file='\(Scratch.products)/CSystem.build/module.modulemap' \
            -plugin-path '\(Self.toolchain)/../lib/swift/host/plugins/testing' "$@"
        }
        check -emit-module -enable-testing -module-name LogReports Sources/LogReports/*.swift
        check -typecheck -module-name LogReportsTests Tests/LogReportsTests/*.swift
        """)
      expectSuccess(checked)
      try FileManager.default.removeItem(atPath: "\(scratch.path)/log-reports")
    }
  }
}
