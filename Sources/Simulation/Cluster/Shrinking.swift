// SPDX-License-Identifier: Apache-2.0

extension ClusterScenario {
  /// The same with only some of its faults, by their places.
  package func keeping(_ places: [Int]) -> ClusterScenario {
    var scenario = self
    scenario.faults = places.filter { faults.indices.contains($0) }.map { faults[$0] }
    return scenario
  }

  /// The fewest faults, by their places, with which the scenario still fails, as far as taking
  /// them away one by one finds them. O(faults²) runs at most.
  package func shrunk() -> [Int] {
    shrunk { !ClusterRun($0).play().violations.isEmpty }
  }

  package func shrunk(_ fails: (ClusterScenario) -> Bool) -> [Int] {
    var kept = Array(faults.indices)
    var hasShrunk = true
    while hasShrunk {
      hasShrunk = false
      for place in kept.reversed() {
        let fewer = kept.filter { $0 != place }
        guard fails(keeping(fewer)) else { continue }
        kept = fewer
        hasShrunk = true
      }
    }
    return kept
  }
}
