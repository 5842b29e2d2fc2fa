// SPDX-License-Identifier: Apache-2.0
import Exchange
import Testing
import Vocabulary

@testable import MapReduce

@Suite struct PlanTests {
  private func planError(_ body: @escaping @Sendable (Flow) throws -> Void) -> JobError? {
    #expect(throws: JobError.self) { _ = try Plan(PlannedJob(body)) }
  }

  @Test func `A plan without a result is refused`() {
    let error = planError { flow in _ = flow.read(.values([1])).map { $0 + 1 } }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("planned") == true)
    #expect(error?.advice?.contains(".write") == true)
  }

  @Test func `Two results of one name are refused, with the place of the second`() {
    let line = #line + 3
    let error = planError { flow in
      flow.read(.values([1])).write(.result("same"))
      flow.read(.values([2])).write(.result("same"))
    }
    #expect(error?.code == .usage)
    #expect(error?.message.contains("same") == true)
    #expect(error?.location == "PlanTests.swift:\(line)")
  }

  @Test(arguments: [
    "", ".", "..", ".hidden", "a/b", "a b", "ä", "a\0", "a\n", "a@", "a[", "a`", "a{",
    String(repeating: "x", count: 101),
  ])
  func `A name that cannot be a directory is refused`(name: String) {
    let error = planError { flow in flow.read(.values([1])).write(.result(name)) }
    #expect(error?.code == .usage)
    #expect(error?.location?.hasPrefix("PlanTests.swift:") == true)
  }

  @Test(arguments: ["a", "A-z_0.9", "x.", "-", String(repeating: "x", count: 100)])
  func `Plain names are accepted`(name: String) throws {
    let plan = try Plan(PlannedJob { flow in flow.read(.values([1])).write(.result(name)) })
    #expect(plan.description.outputs.map(\.name) == [name])
  }

  @Test func `What a job's plan throws comes out`() {
    struct Refused: Error {}
    #expect(throws: Refused.self) { _ = try Plan(PlannedJob { _ in throw Refused() }) }
  }

  @Test func `The description tells stages, inputs, operators and schemas`() throws {
    let first = #line + 3
    let plan = try Plan(
      PlannedJob { flow in
        let pairs = flow.read(.lines(["in", "*.txt"]))
          .keyed { line in (line.count, 1.5) }
          .reduce(+)
        pairs.map { key, _ in key }.sorted().write(.result("sorted"))
        pairs.top(2).write(.result("top"))
        flow.read(.values(["a"])).write(.result("values"))
      })
    let description = plan.description
    #expect(description.job == "planned")
    #expect(
      description.branches.map(\.input) == [
        .lines(["in", "*.txt"]), .stage(StageID(0)), .stage(StageID(0)), .values(count: 1),
      ])
    let operators = description.stages.map { $0.operators.map(\.name) }
    #expect(
      operators == [
        ["lines", "keyed", "reduce"], ["map", "sorted"], ["top"], ["values", "write"],
      ])
    #expect(description.stages.map(\.shuffle) == ["hash", "range", "single", "single"])
    #expect(description.stages.map(\.combines) == [true, false, false, false])
    #expect(description.stages[0].operators[0].location.description == "PlanTests.swift:\(first)")
    #expect(description.stages[0].operators[2].location.line == first + 2)
    #expect(
      description.stages.map(\.schema) == [
        ResultSchema(
          key: .integer(bits: 64, isSigned: true), value: .double, shape: .pairs, order: .key),
        ResultSchema(
          key: .integer(bits: 64, isSigned: true), value: .nothing, shape: .keys, order: .key),
        ResultSchema(
          key: .integer(bits: 64, isSigned: true), value: .double, shape: .pairs, order: .rank),
        ResultSchema(key: .nothing, value: .string, shape: .values, order: .input),
      ])
    #expect(description.outputs.map { $0.stage.index } == [1, 2, 3])
  }

  @Test func `Only stages that a result needs are in the plan`() throws {
    let plan = try Plan(
      PlannedJob { flow in
        let pairs = flow.read(.values([1])).keyed { ($0, $0) }
        _ = pairs.reduce(+).top(3)
        pairs.write(.result("pairs"))
      })
    #expect(plan.description.stages.count == 1)
    #expect(plan.reads(of: 0) == [])
  }

  @Test func `Jobs are named after their type`() {
    struct InvertedIndexOfWords: Job {
      func plan(_ flow: Flow) {}
    }
    #expect(InvertedIndexOfWords.name == "inverted-index-of-words")
    #expect(InvertedIndexOfWords.abstract == "")
  }
}
