// SPDX-License-Identifier: Apache-2.0
import MapReduce

/// Counts the triangles of a graph, of which a node is a part: three nodes with an edge between any
/// two of them. Edges have no direction; one that is there twice counts once.
struct TriangleCount: Job {
  static let name = "triangle-count"
  static let abstract = "Counts for each node of a graph the triangles that it is a part of."

  @Argument(help: "Files to read: on each line the numbers of two nodes.") var input: [String]

  func plan(_ flow: Flow) {
    let skipped = flow.counter("lines without two nodes")
    let triangles = flow.counter("triangles")
    let edges = flow.read(.lines(input))
      .compactMap { line -> Tuple<Int, Int>? in
        guard let (one, other) = line.edge else {
          skipped.add()
          return nil
        }
        return one == other ? nil : Tuple(min(one, other), max(one, other))
      }
      .distinct()
    // Two edges of the lowest node of a triangle, which the third closes.
    let open = edges.keyed { ($0.parts.0, $0.parts.1) }
      .group(orderedBy: { $0 }, to: (Tuple<Int, Int>, Int).self) { lowest, others, emit in
        let others = Array(others)
        for (place, one) in others.enumerated() {
          for other in others[(place + 1)...] { emit(Tuple(one, other), lowest) }
        }
      }
    open.join(edges.keyed { ($0, true) }, to: (Int, Int).self) { pair, lowest, _, emit in
      triangles.add()
      emit(lowest, 1)
      emit(pair.parts.0, 1)
      emit(pair.parts.1, 1)
    }
    .reduce(+)
    .write(.result("triangle-count"))
  }
}
