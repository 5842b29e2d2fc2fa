// SPDX-License-Identifier: Apache-2.0
import Exchange
import Foundation
import Memory
import Testing
import Vocabulary

@Suite struct PlanDescriptionTests {
  /// A plan of two stages, in which single things can be changed.
  struct Draft: Sendable {
    var job = "job"
    var input = InputDescription.lines(["a.txt", "b"])
    var operatorName = "flatMap"
    var fileID = "Jobs/A.swift"
    var line = 3
    var shuffle = "hash"
    var isAligned = false
    var combines = true
    var key = TypeCode.bytes
    var value = TypeCode.string
    var shape = ResultSchema.Shape.pairs
    var order = ResultSchema.Order.key
    var secondInput = InputDescription.stage(StageID(0))
    var thirdInput: InputDescription?
    var isFilteredFirst = false
    var broadcasts: [StageID] = []
    var round: RoundDescription?
    var output = "result"
    var outputStage = 1
    var hasSecondOutput = false
    var counters = ["bad lines"]

    var plan: PlanDescription {
      let location = CodeLocation(fileID: fileID, line: line)
      let steps = [
        OperatorDescription(operatorName, location), OperatorDescription("reduce", location),
      ]
      let filter = OperatorDescription("filter", location)
      let schema = ResultSchema(key: key, value: value, shape: shape, order: order)
      let stages = [
        StageDescription(
          id: StageID(0), input: input, operators: steps, shuffle: shuffle, combines: combines,
          schema: schema),
        StageDescription(
          id: StageID(1),
          branches: [BranchDescription(secondInput, isFilteredFirst ? [filter] : [])]
            + (thirdInput.map { [BranchDescription($0, [filter])] } ?? []), operators: steps,
          broadcasts: broadcasts, shuffle: "single", isAligned: isAligned, combines: false,
          schema: schema,
          round: round),
      ]
      var outputs = [
        OutputDescription(name: output, stage: StageID(outputStage), location: location)
      ]
      if hasSecondOutput {
        outputs.append(OutputDescription(name: "second", stage: StageID(0), location: location))
      }
      return PlanDescription(job: job, stages: stages, outputs: outputs, counters: counters)
    }
  }

  static let changes: [(name: String, change: @Sendable (inout Draft) -> Void)] = [
    ("job", { $0.job = "other" }), ("paths", { $0.input = .lines(["a.txt b"]) }),
    ("paths in another order", { $0.input = .lines(["b", "a.txt"]) }),
    ("kind of input", { $0.input = .values(count: 3) }),
    ("a result", { $0.input = result("a") }), ("name of a result", { $0.input = result("b") }),
    ("version of a result", { $0.input = result("a", .version(1)) }),
    ("another version of it", { $0.input = result("a", .version(2)) }),
    ("an instant", { $0.input = result("a", .asOf(1_000_000)) }),
    ("another instant", { $0.input = result("a", .asOf(1_000_001)) }),
    ("elements of a result", { $0.input = result("a", elements: .values(.string)) }),
    ("keys of a result", { $0.input = result("a", elements: .keys(.string)) }),
    ("format", { $0.input = .files(["a.txt", "b"], .jsonl) }),
    ("rows", { $0.input = .files(["a.txt", "b"], csv(header: true)) }),
    ("operator", { $0.operatorName = "map" }), ("line", { $0.line = 4 }),
    ("file", { $0.fileID = "Jobs/B.swift" }), ("module", { $0.fileID = "Other/A.swift" }),
    ("shuffle", { $0.shuffle = "range" }), ("combining", { $0.combines = false }),
    ("aligned", { $0.isAligned = true }),
    ("key", { $0.key = .string }), ("value", { $0.value = .optional(.string) }),
    ("shape", { $0.shape = .values }), ("order", { $0.order = .input }),
    ("input of a stage", { $0.secondInput = .lines(["c"]) }),
    ("another input", { $0.thirdInput = .stage(StageID(0)) }),
    ("operator of one input", { $0.isFilteredFirst = true }),
    ("broadcast", { $0.broadcasts = [StageID(0)] }),
    (
      "round",
      {
        $0.round = RoundDescription(
          number: 1, count: 2, after: [], settles: true, mustSettle: false)
      }
    ), ("output", { $0.output = "renamed" }),
    ("stage of an output", { $0.outputStage = 0 }),
    ("another output", { $0.hasSecondOutput = true }), ("counters", { $0.counters += ["lines"] }),
    ("name of a counter", { $0.counters = ["lines"] }),
  ]

  private static func result(
    _ name: String, _ asOf: VersionSelector = .latest,
    elements: ResultInput.Elements = .keysOrValues(.string)
  ) -> InputDescription {
    .result(ResultInput(name: name, asOf: asOf, elements: elements))
  }

  @Test func `A result of an earlier job is told with its version`() {
    var draft = Draft()
    draft.input = .result(
      ResultInput(
        name: "customers", asOf: .version(12), elements: .pairs(key: .bytes, value: .double)))
    #expect(draft.plan.text.contains("reads result customers@12: (bytes, double) pairs"))
    #expect(
      draft.plan.json.line.contains(
        #""reads":{"result":"customers","version":12,"elements":"(bytes, double) pairs"}"#))
    #expect(draft.plan.dot.contains("result customers@12"))
    draft.input = Self.result("customers", .asOf(1_000_000))
    #expect(draft.plan.text.contains("result customers as of 1970-01-01T00:00:01.000000Z"))
    #expect(draft.plan.json.line.contains(#""as_of":"1970-01-01T00:00:01.000000Z""#))
  }

  private static func csv(header: Bool) -> FileFormat {
    .csv(CSVFormat(RowSyntax(separator: 0x3B, hasQuotedLineEnds: true), hasHeader: header))
  }

  @Test func `The format of an input is told`() {
    var draft = Draft()
    let formats: [(FileFormat, text: String, json: String)] = [
      (.lines, "reads lines of a b", #"{"lines":["a","b"]}"#),
      (.jsonl, "reads JSON lines of a b", #"{"jsonl":["a","b"]}"#),
      (
        .records(bytes: 1200), "reads records of 1,200 bytes of a b",
        #"{"records":["a","b"],"record_bytes":1200}"#
      ),
      (
        Self.csv(header: false), "reads CSV of a b",
        #"{"csv":["a","b"],"delimiter":";","header":false,"quoted_newlines":true}"#
      ),
    ]
    for (format, text, json) in formats {
      draft.input = .files(["a", "b"], format)
      #expect(draft.plan.text.contains(text))
      #expect(draft.plan.json.line.contains("\"reads\":" + json))
    }
    draft.input = .files(["a"], Self.csv(header: false))
    let before = draft.plan.fingerprint
    draft.input = .files(["a"], Self.csv(header: true))
    #expect(draft.plan.fingerprint != before)
  }

  @Test(arguments: changes.indices) func `The fingerprint changes with any change`(index: Int) {
    var draft = Draft()
    let before = draft.plan
    Self.changes[index].change(&draft)
    #expect(draft.plan != before)
    #expect(draft.plan.fingerprint != before.fingerprint, "\(Self.changes[index].name)")
  }

  @Test func `Equal plans have equal fingerprints`() {
    #expect(Draft().plan == Draft().plan)
    #expect(Draft().plan.fingerprint == Draft().plan.fingerprint)
  }

  @Test func `The plan's JSON names stages, operators and results`() throws {
    let json = Draft().plan.json.line
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["type"] as? String == "plan")
    #expect((object["fingerprint"] as? String)?.count == 16)
    let stages = try #require(object["stages"] as? [[String: Any]])
    #expect(stages.map { $0["n"] as? Int } == [1, 2])
    let inputs = stages.map { ($0["inputs"] as? [[String: Any]] ?? []).map { $0["reads"] } }
    #expect(inputs.map(\.count) == [1, 1])
    #expect((inputs[0][0] as? [String: [String]]) == ["lines": ["a.txt", "b"]])
    #expect((inputs[1][0] as? [String: Int]) == ["stage": 1])
    let results = try #require(object["results"] as? [[String: Any]])
    #expect(results.map { $0["name"] as? String } == ["result"])
    #expect(results.map { $0["location"] as? String } == ["Jobs/A.swift:3"])
    #expect(object["counters"] as? [String] == ["bad lines"])
  }

  @Test func `The plan's text and graph name what the author wrote`() {
    let plan = Draft().plan
    for wanted in [
      "job job", "stage 1   reads lines of a.txt b", "flatMap   A.swift:3", "stage 2",
      "counter bad lines",
    ] {
      #expect(plan.text.contains(wanted))
    }
    #expect(plan.stages[0].name == "A.swift:3 flatMap+reduce")
    #expect(plan.dot.hasPrefix("digraph \"job\" {"))
    #expect(plan.dot.contains("s0 -> s1;"))
    #expect(plan.dot.contains("s1 -> o0;"))
    #expect(plan.dot.hasSuffix("}"))
  }

  @Test func `A stage of several inputs shows each with its operators`() {
    var draft = Draft()
    draft.thirdInput = .lines(["c.txt"])
    let lines = draft.plan.text.split(separator: "\n").map(String.init)
    let start = lines.firstIndex { $0.hasPrefix("stage 2") } ?? 0
    #expect(
      lines[start..<start + 5] == [
        "stage 2   reads 2 inputs", "  1  stage 1", "  2  lines of c.txt",
        "       filter   A.swift:3", "  flatMap   A.swift:3",
      ])
    #expect(draft.plan.dot.contains("s0 -> s1;"))
    #expect(draft.plan.dot.contains("i1_1 -> s1 [label=\"filter\"];"))
  }
}
