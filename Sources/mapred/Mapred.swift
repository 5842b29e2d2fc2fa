// SPDX-License-Identifier: Apache-2.0
import Jobs
import MapReduceCommand

@main struct Mapred: CommandLineTool {
  typealias Suite = Jobs
}
