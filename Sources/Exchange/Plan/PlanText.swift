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
      lines.append("")
      lines.append("\(stage.id)   reads \(stage.input.text)")
      for step in stage.operators { lines.append("  \(step.name)   \(step.location)") }
      lines.append("  → \(stage.shuffleText)")
      lines.append("  = \(stage.schema.text)")
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
      lines.append("  s\(stage.id.index) [label=\(Self.quoted(label))];")
      switch stage.input {
      case .stage(let earlier): lines.append("  s\(earlier.index) -> s\(stage.id.index);")
      default:
        lines.append("  i\(stage.id.index) [shape=folder,label=\(Self.quoted(stage.input.text))];")
        lines.append("  i\(stage.id.index) -> s\(stage.id.index);")
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
    }
  }

  fileprivate var json: JSON {
    switch self {
    case .files(let paths, let format): .object(format.fields(paths))
    case .values(let count): .object([("values", .integer(count))])
    case .stage(let id): .object([("stage", .integer(id.index + 1))])
    }
  }
}

extension StageDescription {
  fileprivate var shuffleText: String {
    switch shuffle {
    case "hash":
      combines ? "combined, shuffled by key, combined again, sorted" : "shuffled by key, sorted"
    case "range": "sampled, shuffled by ranges of the key, sorted"
    default: "brought together in order"
    }
  }

  fileprivate var json: JSON {
    .object([
      ("n", .integer(id.index + 1)), ("name", .text(name)), ("input", input.json),
      (
        "operators",
        .array(
          operators.map {
            .object([("name", .text($0.name)), ("location", .text($0.location.full))])
          })
      ), ("shuffle", .text(shuffle)), ("combines", .bool(combines)),
      ("key", .text("\(schema.key)")), ("value", .text("\(schema.value)")),
      ("shape", .text(schema.shape.rawValue)), ("order", .text(schema.order.rawValue)),
    ])
  }
}

extension ResultSchema {
  fileprivate var text: String {
    let order =
      switch order {
      case .key: "by key"
      case .input: "in the order of the input"
      case .rank: "the greatest first"
      }
    return switch shape {
    case .pairs: "(\(key), \(value)) pairs, \(order)"
    case .keys: "\(key) elements, \(order)"
    case .values: "\(value) elements, \(order)"
    }
  }
}
