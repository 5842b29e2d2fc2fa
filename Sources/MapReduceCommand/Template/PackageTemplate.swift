// SPDX-License-Identifier: Apache-2.0

/// The files of a new package with jobs: one job, its command line and a test.
struct PackageTemplate {
  /// Where the package finds the engine.
  enum Engine {
    /// A checkout on this host, by its absolute path.
    case path(String)
    /// A repository that the user has to name.
    case repository(version: String)
  }

  /// The package's name, as its directory has it.
  let package: String
  /// The module and the command: `LogReports` for the directory `log-reports`.
  let module: String
  let engine: Engine

  /// Nil where the directory's name has no letter to make a module's name of.
  init?(directoryName: String, engine: Engine) {
    let words = directoryName.split { !$0.isASCII || !($0.isLetter || $0.isNumber) }
    let name = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    guard let first = name.first, first.isLetter, !Self.taken.contains(name) else { return nil }
    package = directoryName
    module = name
    self.engine = engine
  }

  /// Modules that the package or its job has anyway.
  private static let taken = [
    "MapReduce", "MapReduceCommand", "MapReduceTesting", "ArgumentParser", "Testing", "Swift",
    "Memory", "WordLengths",
  ]

  /// Paths inside of the package, and what stands in them.
  var files: [(path: String, text: String)] {
    [
      ("Package.swift", manifest), ("Sources/\(module)/\(module).swift", command),
      ("Sources/\(module)/WordLengths.swift", Self.job),
      ("Tests/\(module)Tests/WordLengthsTests.swift", test), ("words.txt", Self.input),
      ("README.md", readme), (".gitignore", ".build/\n"),
    ]
  }

  /// How SwiftPM calls the package of the engine.
  private var engineName: String {
    guard case .path(let path) = engine else { return "mapred" }
    return path.split(separator: "/").last.map(String.init) ?? "mapred"
  }

  private var dependency: String {
    switch engine {
    case .path(let path): "    .package(path: \(path.debugDescription))"
    case .repository(let version):
      """
          // Put the address of mapred's repository here, or the path of a checkout:
          // .package(path: "../mapred")
          .package(url: "https://example.com/mapred.git", from: "\(version)")
      """
    }
  }

  private var manifest: String {
    """
    // swift-tools-version: 6.2
    import PackageDescription

    let package = Package(
      name: \(package.debugDescription),
      dependencies: [
    \(dependency)
      ],
      targets: [
        .executableTarget(
          name: "\(module)",
          dependencies: [
            .product(name: "MapReduce", package: \(engineName.debugDescription)),
            .product(name: "MapReduceCommand", package: \(engineName.debugDescription)),
          ]),
        .testTarget(
          name: "\(module)Tests",
          dependencies: [
            "\(module)", .product(name: "MapReduce", package: \(engineName.debugDescription)),
            .product(name: "MapReduceTesting", package: \(engineName.debugDescription)),
          ]),
      ]
    )

    """
  }

  private var command: String {
    """
    import MapReduce
    import MapReduceCommand

    /// The jobs of this command. A new one is a new file, and a word here.
    enum \(module)Jobs: JobSuite {
      static let jobs: [any Job.Type] = [WordLengths.self]
    }

    @main struct \(module): CommandLineTool {
      typealias Suite = \(module)Jobs
    }

    """
  }

  private static let job = """
    import MapReduce

    /// Counts the words of each length. Its stored properties are its parameters.
    struct WordLengths: Job {
      static let abstract = "Counts the words of each length."

      @Argument(help: "Files to read.") var input: [String]
      @Option(help: "Leave out shorter words.") var least = 1

      func plan(_ flow: Flow) {
        flow.read(.lines(input))
          .flatMap(to: (Int, Int).self) { [least] line, emit in
            for word in line.words where isLong(word, least) { emit(word.count, 1) }
          }
          .reduce(+)
          .write(.result("lengths"))
      }
    }

    /// What a closure decides is best a function: functions can be tested.
    func isLong(_ word: Bytes, _ least: Int) -> Bool { word.count >= least }

    """

  private var test: String {
    """
    import MapReduce
    import MapReduceTesting
    import Testing

    @testable import \(module)

    @Test("a word is long from its least length on", arguments: [(3, true), (4, true), (5, false)])
    func least(_ least: Int, _ isExpected: Bool) {
      #expect(Array("word".utf8).withBytes { isLong($0, least) } == isExpected)
    }

    @Test("words are counted by their lengths, without the short ones")
    func lengths() throws {
      let run = try JobRun(WordLengths.self, ["--least", "2"], input: ["a cat", "and the mouse"])
      let lengths = try run.pairs("lengths", as: (Int, Int).self)
      #expect(lengths.elementsEqual([(3, 3), (5, 1)], by: ==))
    }

    """
  }

  private static let input = """
    the cat and the dog
    saw what the other dogs saw

    """
}
