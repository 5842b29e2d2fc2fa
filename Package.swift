// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// The targets stand in floor order: an import goes strictly downward.

import Foundation
import PackageDescription

/// Libraries of compression, each used where its header is installed. Without LZ4, blocks of
/// results are stored as they are; without any of them, files of its format are refused.
let compression: [(name: String, library: String)] = [
  ("LZ4", "lz4", "lz4frame.h"), ("ZLIB", "z", "zlib.h"), ("ZSTD", "zstd", "zstd.h"),
].filter { _, _, header in
  ["/usr/include", "/usr/local/include"].contains { place in
    FileManager.default.fileExists(atPath: "\(place)/\(header)")
  }
}.map { name, library, _ in (name, library) }

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let argumentParser: Target.Dependency =
  .product(name: "ArgumentParser", package: "swift-argument-parser")

/// Test targets, one for each room, and one for the house rules.
let testTargets: [Target] = [
  // What tests share: seeded random input.
  .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: swiftSettings),
  .testTarget(
    name: "MemoryTests", dependencies: ["Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "ExchangeTests", dependencies: ["Exchange", "Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "MapReduceTests",
    dependencies: ["MapReduce", "Exchange", "Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "BenchTests", dependencies: ["Bench", "Exchange", "Memory"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "JobsTests", dependencies: ["Jobs", "MapReduce", "Exchange", "Memory", "TestSupport"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "MapReduceTestingTests", dependencies: ["MapReduceTesting", "Jobs", "MapReduce"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "StateTableTests",
    dependencies: ["StateTable", "Environment", "Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "MulticastTests",
    dependencies: [
      "Multicast", "StateTable", "Environment", "Memory", "TestSupport", "Vocabulary",
    ],
    exclude: ["Oracle"], swiftSettings: swiftSettings),
  .testTarget(
    name: "SimulationTests",
    dependencies: [
      "Simulation", "FabricConformance", "Dataflow", "Membership", "Multicast", "Replication",
      "StateTable", "Environment", "Memory", "TestSupport", "Vocabulary",
    ], swiftSettings: swiftSettings),
  .testTarget(
    name: "MembershipTests", dependencies: ["Membership", "Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "ReplicationTests",
    dependencies: ["Replication", "Dataflow", "Memory", "TestSupport", "Vocabulary"],
    swiftSettings: swiftSettings),
  .testTarget(
    name: "DataflowTests",
    dependencies: [
      "Dataflow", "Engine", "Exchange", "Replication", "Memory", "TestSupport", "Vocabulary",
    ], swiftSettings: swiftSettings),
  .testTarget(
    name: "RuntimeTests",
    dependencies: [
      "Runtime", "Dataflow", "Engine", "Environment", "Exchange", "Fabrics", "Memory",
      "Replication", "TestSupport", "Vocabulary",
    ],
    swiftSettings: swiftSettings),
  // The contract of one-sided writes as checks that every fabric has to pass.
  .target(
    name: "FabricConformance",
    dependencies: ["Environment", "Memory", "TestSupport", "Vocabulary"],
    path: "Tests/FabricConformance", swiftSettings: swiftSettings),
  // The same checks as a program, for machines where no test runner is.
  .executableTarget(
    name: "FabricCheck",
    dependencies: [
      "FabricConformance", "Fabrics", "Simulation", "Multicast", "StateTable", "Environment",
      "Memory", "Vocabulary", argumentParser,
    ], path: "Tests/FabricCheck", swiftSettings: swiftSettings),
  .testTarget(
    name: "FabricTests",
    dependencies: [
      "FabricConformance", "FabricCheck", "Fabrics", "Environment", "Memory", "StateTable",
      "TestSupport", "Vocabulary",
    ], swiftSettings: swiftSettings),
  // Runs the built command as its users do.
  .testTarget(
    name: "CommandTests", dependencies: ["mapred", "FabricCheck", "FaultyJobs"],
    swiftSettings: swiftSettings),
  // Jobs that throw, trap and hang, for CommandTests.
  .executableTarget(
    name: "FaultyJobs", dependencies: ["MapReduce", "MapReduceCommand"], path: "Tests/FaultyJobs",
    swiftSettings: swiftSettings),
  // What a node does for a job, with a pool of executors alone.
  .target(
    name: "ExecutorSupport",
    dependencies: [
      "MapReduce", "Dataflow", "Runtime", "Fabrics", "Exchange", "Memory", "Vocabulary",
    ], path: "Tests/ExecutorSupport", swiftSettings: swiftSettings),
  // A process with a pool, to be killed or measured.
  .executableTarget(
    name: "ExecutorHost",
    dependencies: [
      "ExecutorSupport", "Dataflow", "Runtime", "Exchange", "Memory", "Vocabulary",
    ], path: "Tests/ExecutorHost", swiftSettings: swiftSettings),
  // Executors as processes, and the pool that keeps them.
  .testTarget(
    name: "ExecutorTests",
    dependencies: [
      "mapred", "FaultyJobs", "Jobs", "ExecutorHost", "ExecutorSupport", "MapReduce", "Dataflow",
      "Runtime", "Fabrics", "Exchange", "Memory", "TestSupport", "Vocabulary",
    ], swiftSettings: swiftSettings),
  // Nodes as processes that die, stall and leave.
  .testTarget(
    name: "ClusterTests",
    dependencies: [
      "mapred", "FaultyJobs", "Dataflow", "Engine", "Exchange", "Fabrics", "Memory",
      "Replication", "Runtime", "TestSupport", "Vocabulary",
    ],
    swiftSettings: swiftSettings),
  // Holds the source tree against the house rules.
  .testTarget(name: "TidyTests", swiftSettings: swiftSettings),
]

/// Where one target's tests are asked for, nothing is built for those of others:
/// MAPRED_TEST_TARGET=MembershipTests.
let wantedTestTargets = testTargets.filter { target in
  let wanted = ProcessInfo.processInfo.environment["MAPRED_TEST_TARGET"]
  return target.type != .test || wanted == nil || target.name == wanted
}

/// Benchmarks are built where they are asked for: MAPRED_BENCHMARKS=1.
let benchmarkTargets: [Target] =
  ProcessInfo.processInfo.environment["MAPRED_BENCHMARKS"] == nil
  ? []
  : [
    .executableTarget(
      name: "Benchmarks",
      dependencies: [
        "Bench", "Dataflow", "Engine", "Exchange", "Environment", "Fabrics", "MapReduce", "Memory",
        "Multicast", "Replication", "Runtime", "StateTable", "Vocabulary", argumentParser,
      ],
      path: "Benchmarks", exclude: ["README.md", "References", "corpus.sh", "dataframes", "spark"],
      swiftSettings: swiftSettings)
  ]

let package = Package(
  name: "mapred",
  products: [
    .library(name: "MapReduce", targets: ["MapReduce"]),
    .library(name: "MapReduceCommand", targets: ["MapReduceCommand"]),
    .library(name: "MapReduceTesting", targets: ["MapReduceTesting"]),
    .executable(name: "mapred", targets: ["mapred"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Floor 0: the nouns, and every limit with its asserted relations.
    .target(name: "Vocabulary", swiftSettings: swiftSettings),
    // Floor 0: C shims for what Swift cannot say: SIMD masks, prefetch, compression. No logic.
    .target(
      name: "CSystem",
      cSettings: compression.map { .define("MAPRED_\($0.name)") },
      linkerSettings: compression.map { .linkedLibrary($0.library) }),
    // Floor 0: views, buffers, blocks, tables and sorts: the only home of pointers.
    .target(
      name: "Memory", dependencies: ["CSystem", "Vocabulary"], swiftSettings: swiftSettings),
    // Floor 1: what all sides agree on: plan description, encodings, block and run formats.
    .target(
      name: "Exchange", dependencies: ["CSystem", "Memory", "Vocabulary"],
      swiftSettings: swiftSettings),
    // Floor 1: the doors to the outside: the contract of one-sided writes.
    .target(
      name: "Environment", dependencies: ["Memory", "Vocabulary"], swiftSettings: swiftSettings),
    // Floor 1: rows of monotone columns, frontiers, and what to push.
    .target(
      name: "StateTable", dependencies: ["Environment", "Memory", "Vocabulary"],
      swiftSettings: swiftSettings),
    // Floor 2: what benchmarks work on, and what they found, as tables, charts and pages.
    .target(name: "Bench", dependencies: ["Exchange", "Memory"], swiftSettings: swiftSettings),
    // Floor 2: small and block multicast in one total order.
    .target(
      name: "Multicast", dependencies: ["Environment", "Memory", "StateTable", "Vocabulary"],
      swiftSettings: swiftSettings),
    // Floor 2: who belongs to a group: suspicion, view change, ragged trim, layout.
    .target(
      name: "Membership", dependencies: ["Memory", "Vocabulary"], swiftSettings: swiftSettings),
    // Floor 3: a state machine that all replicas step in the order of the multicast.
    .target(
      name: "Replication", dependencies: ["Memory", "Vocabulary"], swiftSettings: swiftSettings),
    // Floor 4: the coordinator's state machine.
    .target(
      name: "Dataflow", dependencies: ["Exchange", "Memory", "Replication", "Vocabulary"],
      swiftSettings: swiftSettings),
    // Floor 5: a node: all cores in a fixed order, between doors.
    .target(
      name: "Engine",
      dependencies: [
        "Dataflow", "Environment", "Exchange", "Membership", "Memory", "Multicast", "Replication",
        "StateTable", "Vocabulary",
      ], swiftSettings: swiftSettings),
    // Floor 6: one-sided writes over shared memory, TCP and RDMA verbs.
    .target(
      name: "Fabrics", dependencies: ["CSystem", "Environment", "Memory", "Vocabulary"],
      swiftSettings: swiftSettings),
    // Floor 6: a fabric of seeded delays, deaths and freezes.
    .target(
      name: "Simulation",
      dependencies: [
        "Dataflow", "Engine", "Environment", "Exchange", "Membership", "Memory", "Multicast",
        "Replication", "StateTable", "Vocabulary",
      ], swiftSettings: swiftSettings),
    // Floor 7: a node as a process: threads, sockets, settings.
    .target(
      name: "Runtime",
      dependencies: [
        "CSystem", "Dataflow", "Engine", "Environment", "Exchange", "Fabrics", "Membership",
        "Memory", "Multicast", "Replication", "StateTable", "Vocabulary",
      ], swiftSettings: swiftSettings),
    // Floor 8: the public API for jobs, its typed hot loops, and the inline engine.
    .target(
      name: "MapReduce",
      dependencies: ["CSystem", "Exchange", "Memory", "Vocabulary", argumentParser],
      swiftSettings: swiftSettings),
    // Floor 9: runs of jobs inside of their tests, on input that stands there.
    .target(
      name: "MapReduceTesting", dependencies: ["MapReduce", "Exchange"],
      swiftSettings: swiftSettings),
    // Floor 9: the example jobs: user code, which imports MapReduce alone. The floors below it are
    // named because their loops are inlined into it: a change there must build it anew.
    .target(
      name: "Jobs", dependencies: ["MapReduce", "Exchange", "Memory", "Vocabulary"], path: "Jobs",
      swiftSettings: swiftSettings),
    // Floor 9: the whole command line as a library, for any executable that holds jobs.
    .target(
      name: "MapReduceCommand",
      dependencies: [
        "MapReduce", "Bench", "Dataflow", "Engine", "Exchange", "Fabrics", "Membership", "Memory",
        "Runtime", "Simulation", "StateTable", "Vocabulary", argumentParser,
      ],
      swiftSettings: swiftSettings),
    // Floor 10: the example jobs behind the command line.
    .executableTarget(
      name: "mapred", dependencies: ["Jobs", "MapReduceCommand"], swiftSettings: swiftSettings),
  ] + wantedTestTargets + benchmarkTargets
)
