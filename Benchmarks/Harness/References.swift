// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The C++ programs that figures are compared with.
final class References {
  let directory: String
  private let reporter: Reporter
  private var isBuilt = false

  init(directory: String, reporter: Reporter) {
    self.directory = directory
    self.reporter = reporter
  }

  static var compiler: String? { ["g++", "clang++"].first(where: ChildProcess.isInstalled) }

  /// The path of a program; nil, and a note, where there is none and none can be built.
  func program(_ name: String) throws -> String? {
    build()
    let path = "\(directory)/build/\(name)"
    if unsafe access(path, X_OK) == 0 { return path }
    reporter.note("no reference was measured: \(path) is missing and could not be built")
    return nil
  }

  /// The path of a script.
  func path(_ name: String) throws -> String {
    let path = "\(directory)/\(name)"
    guard unsafe access(path, R_OK) == 0 else {
      throw BenchmarkError("\(path) is missing: run this from the root of the repository")
    }
    return path
  }

  /// Brings the programs up to date, where that is possible.
  private func build() {
    guard !isBuilt else { return }
    isBuilt = true
    guard let compiler = Self.compiler, ChildProcess.isInstalled("make"),
      unsafe access("\(directory)/Makefile", R_OK) == 0
    else { return }
    do {
      _ = try ChildProcess.measure(["make", "-s", "-C", directory, "CXX=\(compiler)"])
    } catch {
      reporter.note("the references could not be built: \(error)")
    }
  }
}
