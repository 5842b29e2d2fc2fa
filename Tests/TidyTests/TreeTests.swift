// SPDX-License-Identifier: Apache-2.0
import Testing

/// Fails with every place where a rule is broken.
private func expectNone(
  _ violations: [Violation], at location: SourceLocation = #_sourceLocation
) {
  let list = violations.map(\.description).joined(separator: "\n")
  #expect(violations.isEmpty, "\n\(list)", sourceLocation: location)
}

@Suite("The source tree keeps the house rules")
struct TreeTests {
  @Test("The tree is found, with all its targets")
  func tree() {
    let targets = Set(SourceTree.swift.compactMap(\.target))
    #expect(targets.isSuperset(of: Floors.below.keys))
    #expect(SourceTree.swift.contains { $0.path == "Package.swift" })
    #expect(SourceTree.code.contains { $0.path == ".ci/run" })
  }

  @Test("Imports go strictly downward")
  func imports() { expectNone(SourceTree.swift.flatMap(Floors.violations)) }

  @Test("The table of floors goes strictly downward itself")
  func floors() {
    for (target, below) in Floors.below {
      for lower in below {
        let height = Floors.heights[target] ?? -1
        #expect(Floors.heights[lower] ?? 100 < height, "\(target) imports \(lower)")
      }
    }
  }

  @Test("Pure code knows no time, no chance, no threads and no terminal")
  func pureWords() { expectNone(SourceTree.swift.flatMap(CodeRules.impureWords)) }

  @Test("Pure code has no loop without an order")
  func loops() { expectNone(SourceTree.swift.flatMap(CodeRules.unorderedLoops)) }

  @Test("unsafe is said in Memory and the shells alone")
  func unsafeCode() { expectNone(SourceTree.swift.flatMap(CodeRules.misplacedUnsafe)) }

  @Test("Only the promised interface is public")
  func publicCode() {
    let files = SourceTree.swift.filter { !$0.path.hasPrefix("Tests/") }
    expectNone(files.flatMap(CodeRules.misplacedPublic))
  }

  @Test("No type has a name that says nothing")
  func names() { expectNone(SourceTree.swift.flatMap(CodeRules.emptyNames)) }

  @Test("Every Swift file declares something")
  func deadFiles() { expectNone(SourceTree.swift.flatMap(CodeRules.deadFile)) }

  @Test("No directory of sources is empty")
  func emptyTargets() {
    let endings = [".swift", ".c", ".h", ".cpp", ".sh", ".py", ".md", "Makefile"]
    let directories = SourceTree.paths.filter(SourceTree.isDirectory)
    #expect(!directories.isEmpty)
    for directory in directories {
      let hasFile = SourceTree.paths.contains { path in
        path.hasPrefix(directory + "/") && endings.contains { path.hasSuffix($0) }
      }
      #expect(hasFile, "\(directory) holds nothing")
    }
  }

  @Test("Files have at most 500 lines")
  func fileLengths() { expectNone(SourceTree.code.flatMap(SizeRules.longFile)) }

  @Test("Functions have at most 70 lines")
  func functionLengths() { expectNone(SourceTree.swift.flatMap(SizeRules.longFunctions)) }

  @Test("Lines of code have at most 100 columns")
  func lineLengths() { expectNone(SourceTree.code.flatMap(SizeRules.longLines)) }

  @Test("Every file of code begins with its licence")
  func licences() { expectNone(SourceTree.code.flatMap(SizeRules.missingLicence)) }

  @Test("Nothing is left for later in comments and pages")
  func promises() {
    expectNone((SourceTree.code + SourceTree.markdown).flatMap(SizeRules.promises))
  }

  @Test("Every page of docs has one title")
  func titles() {
    let pages = SourceTree.markdown.filter { $0.path.hasPrefix("docs/") }
    expectNone(pages.flatMap(MarkdownRules.oneTitle))
  }

  @Test("Links inside of the project lead somewhere")
  func links() {
    expectNone(
      SourceTree.markdown.flatMap { file in
        MarkdownRules.brokenLinks(
          file, exists: SourceTree.exists,
          page: { path in SourceTree.markdown.first { $0.path == path } })
      })
  }
}
