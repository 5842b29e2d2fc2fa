// SPDX-License-Identifier: Apache-2.0
package import Memory
import Vocabulary

extension ByteBuffer {
  package mutating func append(_ schema: ResultSchema) {
    append(counted: schema.key.description)
    append(counted: schema.value.description)
    append(counted: schema.shape.rawValue)
    append(counted: schema.order.rawValue)
  }

  private mutating func append(_ location: CodeLocation) {
    append(counted: location.fileID)
    appendVarint(UInt64(location.line))
  }

  private mutating func append(_ input: InputDescription) {
    switch input {
    case .files(let paths, let format):
      append(0 as UInt8)
      append(format)
      append(list: paths) { $0.append(counted: $1) }
    case .values(let count):
      append(1 as UInt8)
      appendVarint(UInt64(count))
    case .stage(let stage):
      append(2 as UInt8)
      appendVarint(UInt64(stage.index))
    case .result(let result):
      append(3 as UInt8)
      append(result)
    }
  }

  private mutating func append(operators: [OperatorDescription]) {
    append(list: operators) { out, step in
      out.append(counted: step.name)
      out.append(step.location)
    }
  }

  private mutating func append(_ stage: StageDescription) {
    append(list: stage.branches) { out, branch in
      out.append(branch.input)
      out.append(operators: branch.operators)
    }
    append(operators: stage.operators)
    append(list: stage.broadcasts) { $0.appendVarint(UInt64($1.index)) }
    append(counted: stage.shuffle)
    append((stage.isAligned ? 1 : 0) as UInt8)
    append((stage.combines ? 1 : 0) as UInt8)
    append(stage.schema)
    append(optional: stage.round) { $0.append($1) }
  }

  private mutating func append(_ round: RoundDescription) {
    appendVarint(UInt64(round.number))
    appendVarint(UInt64(round.count))
    append(list: round.after) { $0.appendVarint(UInt64($1.index)) }
    append((round.settles ? 1 : 0) as UInt8)
    append((round.mustSettle ? 1 : 0) as UInt8)
  }

  package mutating func append(_ plan: PlanDescription) {
    append(counted: plan.job)
    append(list: plan.stages) { $0.append($1) }
    append(list: plan.outputs) { out, output in
      out.append(counted: output.name)
      out.appendVarint(UInt64(output.stage.index))
      out.append(output.location)
    }
    append(list: plan.counters) { $0.append(counted: $1) }
  }
}

extension ByteReader {
  package mutating func resultSchema() throws(Damaged) -> ResultSchema {
    guard let key = TypeCode(try text()), let value = TypeCode(try text()),
      let shape = ResultSchema.Shape(rawValue: try text()),
      let order = ResultSchema.Order(rawValue: try text())
    else { throw Damaged() }
    return ResultSchema(key: key, value: value, shape: shape, order: order)
  }

  private mutating func location() throws(Damaged) -> CodeLocation {
    let file = try text()
    return CodeLocation(fileID: file, line: try number())
  }

  /// What a stage reads: a source, an earlier stage, or the result of an earlier job.
  private mutating func input(before stage: Int) throws(Damaged) -> InputDescription {
    switch try byte() {
    case 0:
      let format = try fileFormat()
      return .files(try list { reader throws(Damaged) in try reader.text() }, format)
    case 1: return .values(count: try number())
    case 2:
      let earlier = try number()
      guard earlier < stage else { throw Damaged() }
      return .stage(StageID(earlier))
    case 3: return .result(try resultInput())
    default: throw Damaged()
    }
  }

  private mutating func operators() throws(Damaged) -> [OperatorDescription] {
    try list { reader throws(Damaged) in
      let name = try reader.text()
      return OperatorDescription(name, try reader.location())
    }
  }

  private mutating func stage(_ index: Int) throws(Damaged) -> StageDescription {
    let branches = try list { reader throws(Damaged) in
      let input = try reader.input(before: index)
      return BranchDescription(input, try reader.operators())
    }
    guard !branches.isEmpty else { throw Damaged() }
    let operators = try operators()
    let broadcasts = try list { reader throws(Damaged) in StageID(try reader.number()) }
    guard broadcasts.allSatisfy({ $0.index < index }) else { throw Damaged() }
    let shuffle = try text()
    let isAligned = try byte() == 1
    let combines = try byte() == 1
    let schema = try resultSchema()
    let round = try optional { reader throws(Damaged) in try reader.round(before: index) }
    return StageDescription(
      id: StageID(index), branches: branches, operators: operators,
      broadcasts: broadcasts, shuffle: shuffle, isAligned: isAligned, combines: combines,
      schema: schema, round: round)
  }

  private mutating func round(before stage: Int) throws(Damaged) -> RoundDescription {
    let number = try number()
    let count = try self.number()
    let after = try list { reader throws(Damaged) in StageID(try reader.number()) }
    guard after.allSatisfy({ $0.index < stage }) else { throw Damaged() }
    let settles = try byte() == 1
    return RoundDescription(
      number: number, count: count, after: after, settles: settles, mustSettle: try byte() == 1)
  }

  package mutating func planDescription() throws(Damaged) -> PlanDescription {
    let job = try text()
    var stages: [StageDescription] = []
    for index in 0..<(try length()) { stages.append(try stage(index)) }
    let outputs = try list { reader throws(Damaged) in
      let name = try reader.text()
      let stage = try reader.number()
      guard stage < stages.count else { throw Damaged() }
      return OutputDescription(name: name, stage: StageID(stage), location: try reader.location())
    }
    let counters = try list { reader throws(Damaged) in try reader.text() }
    return PlanDescription(job: job, stages: stages, outputs: outputs, counters: counters)
  }
}
