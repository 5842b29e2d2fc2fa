// SPDX-License-Identifier: Apache-2.0
import Memory
import Vocabulary

extension PlanDescription {
  /// XXH64 of the plan's JSON: processes that build equal plans have equal fingerprints.
  package var fingerprint: UInt64 {
    Array(JSON.object(fields).line.utf8).withBytes { Checksum.of($0) }
  }

  /// The plan for people.
  package var text: String {
    var lines = ["job \(job)   plan \(hex(fingerprint))"]
    for stage in stages {
      // Later rounds do what the second does.
      if let round = stage.round, round.number > 2 { continue }
      lines.append("")
      lines += stage.inputLines
      for broadcast in stage.broadcasts { lines.append("  with \(broadcast), broadcast") }
      for step in stage.operators { lines.append("  \(step.text)") }
      lines.append("  → \(stage.shuffleText)")
      lines.append("  = \(stage.schema.text)")
      if let round = stage.round { lines.append("  ↻ \(round.text)") }
    }
    lines.append("")
    for output in outputs {
      lines.append("result \(output.name) = \(output.stage)   \(output.location)")
    }
    for counter in counters { lines.append("counter \(counter)") }
    return lines.joined(separator: "\n")
  }

  /// The plan for programs.
  package var json: JSON {
    .object(
      [("type", .text("plan"))] + fields + [("fingerprint", .text(hex(fingerprint)))])
  }

  private var fields: [(String, JSON)] {
    [
      ("job", .text(job)), ("stages", .array(stages.map(\.json))),
      (
        "results",
        .array(
          outputs.map {
            .object([
              ("name", .text($0.name)), ("stage", .integer($0.stage.index + 1)),
              ("location", .text($0.location.full)),
            ])
          })
      ), ("counters", .array(counters.map { .text($0) })),
    ]
  }

  /// The plan as a graph in Graphviz's language.
  package var dot: String {
    var lines = ["digraph \"\(job)\" {", "  rankdir=LR; node [shape=box];"]
    for stage in stages {
      let steps = stage.operators.map { "\($0.name) \($0.location)" }
      let label = (["\(stage.id)"] + steps + [stage.shuffleText]).joined(separator: "\n")
      let own = "s\(stage.id.index)"
      lines.append("  \(own) [label=\(Self.quoted(label))];")
      for broadcast in stage.broadcasts {
        lines.append("  s\(broadcast.index) -> \(own) [style=dashed,label=\"broadcast\"];")
      }
      for (index, branch) in stage.branches.enumerated() {
        let steps = branch.operators.map(\.name).joined(separator: "+")
        let edge = steps.isEmpty ? "" : " [label=\(Self.quoted(steps))]"
        if case .stage(let earlier) = branch.input {
          lines.append("  s\(earlier.index) -> \(own)\(edge);")
        } else {
          let source = "i\(stage.id.index)" + (index == 0 ? "" : "_\(index)")
          lines.append("  \(source) [shape=folder,label=\(Self.quoted(branch.input.text))];")
          lines.append("  \(source) -> \(own)\(edge);")
        }
      }
    }
    for (index, output) in outputs.enumerated() {
      lines.append("  o\(index) [shape=cylinder,label=\(Self.quoted(output.name))];")
      lines.append("  s\(output.stage.index) -> o\(index);")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": quoted += "\\n"
      case "\"", "\\": quoted += "\\\(scalar)"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private func hex(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension InputDescription {
  fileprivate var text: String {
    switch self {
    case .files(let paths, let format): "\(format.text) of \(paths.joined(separator: " "))"
    case .values(let count): "\(count.grouped) values of the plan"
    case .stage(let id): "\(id)"
    case .result(let input): "result \(input.text): \(input.elements)"
    }
  }

  fileprivate var json: JSON {
    switch self {
    case .files(let paths, let format): .object(format.fields(paths))
    case .values(let count): .object([("values", .integer(count))])
    case .stage(let id): .object([("stage", .integer(id.index + 1))])
    case .result(let input): .object(input.fields)
    }
  }
}

extension ResultInput {
  fileprivate var fields: [(String, JSON)] {
    let version: [(String, JSON)] =
      switch asOf {
      case .latest: []
      case .version(let number): [("version", .natural(number))]
      case .asOf(let microseconds):
        [("as_of", .text(Instant(microseconds: microseconds).text))]
      }
    return [("result", .text(name))] + version + [("elements", .text("\(elements)"))]
  }
}

extension OperatorDescription {
  fileprivate var text: String { "\(name)   \(location)" }

  fileprivate var json: JSON {
    .object([("name", .text(name)), ("location", .text(location.full))])
  }
}

extension StageDescription {
  /// What it reads: in one line where that is one thing.
  fileprivate var inputLines: [String] {
    if branches.count == 1 { return ["\(id)   reads \(branches[0].input.text)"] }
    return ["\(id)   reads \(branches.count) inputs"]
      + branches.enumerated().flatMap { index, branch in
        ["  \(index + 1)  \(branch.input.text)"] + branch.operators.map { "       \($0.text)" }
      }
  }

  fileprivate var shuffleText: String {
    switch shuffle {
    case "hash" where isAligned:
      "no shuffle: what it reads lies by its key already; "
        + (combines ? "combined, sorted" : "merged")
    case "hash":
      combines ? "combined, shuffled by key, combined again, sorted" : "shuffled by key, sorted"
    case "spread": "spread evenly"
    case "chosen": "shuffled as the partitioner says, sorted"
    case "range": "sampled, shuffled by ranges of the key, sorted"
    default: "brought together in order"
    }
  }

  fileprivate var json: JSON {
    .object(
      [
        ("n", .integer(id.index + 1)), ("name", .text(name)),
        (
          "inputs",
          .array(
            branches.map { branch in
              .object([
                ("reads", branch.input.json), ("operators", .array(branch.operators.map(\.json))),
              ])
            })
        ), ("operators", .array(operators.map(\.json))),
        ("broadcasts", .array(broadcasts.map { .integer($0.index + 1) })),
        ("shuffle", .text(isAligned ? "none" : shuffle)), ("combines", .bool(combines)),
        ("key", .text("\(schema.key)")), ("value", .text("\(schema.value)")),
        ("shape", .text(schema.shape.rawValue)), ("order", .text(schema.order.rawValue)),
      ] + (round.map { [("round", $0.json)] } ?? []))
  }
}

extension RoundDescription {
  fileprivate var text: String {
    switch (number, count) {
    case (2, 3...): "round 2 of \(count); those behind it are like it"
    default: "round \(number) of \(count)"
    }
  }

  fileprivate var json: JSON {
    .object([
      ("number", .integer(number)), ("of", .integer(count)),
      ("after", .array(after.map { .integer($0.index + 1) })), ("settles", .bool(settles)),
      ("must_settle", .bool(mustSettle)),
    ])
  }
}

extension ResultSchema {
  /// `(bytes, int64) pairs, by key`.
  package var text: String {
    let order =
      switch order {
      case .key: "by key"
      case .input: "in the order of the input"
      case .rank: "the greatest first"
      }
    return "\(elements), \(order)"
  }

  /// `(bytes, int64) pairs`.
  package var elements: String {
    switch shape {
    case .pairs: "(\(key), \(value)) pairs"
    case .keys: "\(key) elements"
    case .values: "\(value) elements"
    }
  }
}
