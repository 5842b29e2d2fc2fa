// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import MapReduce
import Runtime

/// `mapred init DIR`: a package for jobs of one's own.
struct Init: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a package for jobs of your own: one job, its command line and a test.",
    discussion: "What is there already is not changed.")

  @Argument(help: "The new directory; its last name becomes the package's.") var directory: String
  @Option(
    help: ArgumentHelp(
      """
      A checkout of mapred that the package uses. Without it, Package.swift says where to put the \
      address of the repository.
      """, valueName: "path"))
  var mapred: String?
  @Flag(help: "Print JSON, one file a line.") var json = false

  func run() throws {
    let template = try template()
    if let names = PrivateDirectory.names(in: directory), !names.isEmpty {
      throw JobError(
        .cannotWrite, "\(directory) has files already; nothing was changed",
        advice: "name a new directory")
    }
    for file in template.files {
      let path = "\(directory)/\(file.path)"
      if let failure = FileBytes.create(path, file.text) {
        throw JobError(.cannotWrite, "cannot write \(path): \(failure)")
      }
      if json {
        try Terminal.print(
          JSON.object([("type", .text("file")), ("path", .text(path))]).line)
      } else {
        try Terminal.print(path)
      }
    }
    if mapred == nil, !json {
      Terminal.say("before it builds, \(directory)/Package.swift needs the place of mapred")
    }
  }

  private func template() throws -> PackageTemplate {
    let name = directory.split(separator: "/").last.map(String.init) ?? ""
    guard let template = PackageTemplate(directoryName: name, engine: try engine()) else {
      throw JobError(
        .usage, "\"\(name)\" cannot be the name of a package",
        advice: "begin with a letter, as in log-reports; names of modules are not possible")
    }
    return template
  }

  private func engine() throws -> PackageTemplate.Engine {
    guard let mapred else { return .repository(version: Version.number) }
    let path = mapred.hasPrefix("/") ? mapred : "\(Terminal.workingDirectory)/\(mapred)"
    guard PrivateDirectory.names(in: path)?.contains("Package.swift") == true else {
      throw JobError(
        .noInput, "\(mapred) is no checkout of mapred: it has no Package.swift",
        advice: "name the directory of the checkout")
    }
    return .path(FileBytes.canonical(path))
  }
}
