// SPDX-License-Identifier: Apache-2.0
import Exchange
import Glibc
import MapReduce

/// Shows an error as its reader needs it: what happened, where, what to do.
struct ErrorReport {
  private let error: JobError
  private let isJSON: Bool

  init(_ error: JobError, isJSON: Bool) {
    self.error = error
    self.isJSON = isJSON
  }

  func printAndExit() -> Never {
    let mark = Terminal.hasColor ? "\u{1B}[1;31merror:\u{1B}[0m" : "error:"
    Terminal.say("\(mark) \(error)")
    if error.code == .internalFault {
      Terminal.say("  this is a fault of the engine: please report it with the command line")
    }
    if isJSON {
      var fields: [(String, JSON)] = [
        ("type", .text("error")), ("code", .text(error.code.name)),
        ("exit", .integer(Int(error.code.exitCode))), ("message", .text(error.message)),
      ]
      if let location = error.location { fields.append(("location", .text(location))) }
      if let record = error.record { fields.append(("record", .text(record))) }
      if let advice = error.advice { fields.append(("advice", .text(advice))) }
      try? Terminal.print(JSON.object(fields).line)
    }
    exit(error.code.exitCode)
  }
}
