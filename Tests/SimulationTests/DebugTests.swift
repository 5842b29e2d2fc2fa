// SPDX-License-Identifier: Apache-2.0
import FabricConformance
import Simulation
import Testing
import Glibc
@Suite struct DebugTests {
  @Test func each() {
    for check in FabricSuite.checks {
      let t = clock()
      let o = FabricSuite.run(check, over: StepwiseKind("s") { SimulatedGroup($0, seed: $1) }, CheckSettings(seed: 1))
      print(check.name, Double(clock() - t) / 1e6, o); fflush(nil)
    }
  }
}
