// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import MapReduce

/// Where a job that runs in this process finds the results of earlier jobs.
struct ResultsOptions: ParsableArguments {
  @Option(
    name: .customLong("results"),
    help: ArgumentHelp(
      "Read results of earlier jobs here, as `run … -o DIR` saved them; may be given again.",
      valueName: "dir"))
  var directories: [String] = []

  var earlier: EarlierResults { EarlierResults(savedIn: directories) }
}
