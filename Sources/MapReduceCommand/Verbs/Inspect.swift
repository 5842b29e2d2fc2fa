// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Exchange
import Fabrics
import MapReduce
import Memory
import StateTable
import Vocabulary

/// `mapred inspect`.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Looks into a live member without disturbing it.",
    subcommands: [InspectView.self, InspectTable.self])
}

/// `mapred inspect table PID|PATH`.
struct InspectTable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Prints the state table of a process: its own row and its copies of the others.")

  @Argument(help: "The number of a member's process, or the file of a segment.")
  var target: String

  @Flag(help: "Print JSON, one cell group a line.") var json = false

  func run() throws {
    let tables: [Table]
    do {
      tables = try Self.tables(of: target)
    } catch let error as FabricError {
      throw JobError(.noInput, error.message, advice: error.advice)
    }
    for (place, table) in tables.enumerated() {
      if json {
        for line in table.documents { try Terminal.print(line) }
      } else {
        if place > 0 { try Terminal.print("") }
        if tables.count > 1 { try Terminal.print("group \(table.group)") }
        // The last line of the text ends already.
        try Terminal.print(String(table.text.text.dropLast()))
      }
    }
  }

  /// One group's table.
  private struct Table {
    let group: String
    let text: TableText

    var documents: [String] {
      text.columns.flatMap { column in
        column.values.map { value in
          JSON.object([
            ("type", .text("column")), ("group", .text(group)), ("name", .text(column.name)),
            ("rank", .integer(value.rank.index)),
            ("cells", .array(value.cells.map { .natural($0) })),
          ]).line
        }
      }
    }
  }

  private static func tables(of target: String) throws -> [Table] {
    let segments =
      if let process = Int32(target) { try LiveSegment.of(process: process) } else {
        [try LiveSegment.at(target)]
      }
    var tables: [Table] = []
    var rest = segments[...]
    while let first = rest.first {
      let group = rest.prefix { $0.group == first.group }
      rest = rest.dropFirst(group.count)
      tables.append(try table(first.group, Array(group), target))
    }
    return tables
  }

  /// The table of one group, as the first readable header describes it.
  private static func table(
    _ group: String, _ segments: [LiveSegment], _ target: String
  ) throws -> Table {
    let headers = segments.map { TableHeader(of: $0.segment) }
    guard let header = headers.compactMap({ $0 }).first else {
      throw JobError(
        .badInput, "no segment of group \(group) at \(target) has a readable header of a table",
        advice: "use the same version of \(toolName) that runs there")
    }
    let rows = zip(segments, headers).compactMap { segment, own -> (Rank, Segment)? in
      guard let rank = segment.rank ?? own?.rank else { return nil }
      return (rank, segment.segment)
    }
    return Table(group: group, text: TableText(header: header, rows: rows))
  }
}
