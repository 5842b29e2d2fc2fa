// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Fabrics
import Glibc
import MapReduce
import Membership
import Runtime

/// `mapred node`: a node of a cluster, in the foreground.
struct NodeVerb: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "node", abstract: "Runs a node of a cluster until it is told to leave.",
    discussion: """
      Without --join it founds a cluster; with --join it joins the one that runs there. ^C and \
      SIGTERM let it leave: its part is handed to others first. A second ^C ends it at once. Exit \
      codes: 0 left, 69 nobody let it in, 75 the others went on without it (start it again), \
      77 may not join, 78 bad configuration.
      """)

  @OptionGroup(title: "Settings") var options: SettingsOptions
  @Flag(name: .shortAndLong, help: "Say less.") var quiet = false
  @Flag(
    help: ArgumentHelp("Take settings from here alone; end with the starter.", visibility: .hidden))
  var ofStarter = false

  func run() throws {
    let settings = NodeSettings(try options.settings(ofFlagsAlone: ofStarter))
    Interrupt.install()
    if ofStarter { try Self.followStarter() }
    let isQuiet = quiet
    let process: NodeProcess
    do {
      process = try NodeProcess(settings) { text in
        if !isQuiet { Terminal.say("\(settings.name): \(text)") }
      }
    } catch {
      throw JobError(error)
    }
    if !quiet {
      Terminal.say("\(settings.name): node \(process.id), letters at \(process.address)")
      Terminal.say("\(settings.name): clients at \(settings.socketPath)")
      if let http = process.httpAddress { Terminal.say("\(settings.name): HTTP at \(http)") }
    }
    let reason = process.run { Interrupt.cancellation.isCancelled }
    guard reason != .left else { return Terminal.say("\(settings.name): left the cluster") }
    throw JobError(reason, name: settings.name)
  }

  /// Leaves when whoever started this node is gone.
  private static func followStarter() throws {
    do {
      try StarterWatch.begin { Interrupt.cancellation.cancel() }
    } catch {
      throw JobError(error)
    }
  }
}

extension JobError {
  /// A node, or the way to one, that could not be opened.
  init(_ error: FabricError) {
    let code: Code =
      switch error.code {
      case .configuration: .badConfiguration
      case .address, .lost: .unavailable
      case .timeout, .epoch: .unavailable
      case .cancelled: .interrupted
      case .refused: .notAllowed
      case .memory, .noDevice, .system: .internalFault
      }
    self.init(code, error.message, advice: error.advice)
  }

  init(_ reason: StopReason, name: String) {
    switch reason {
    case .refused(let why): self.init(.notAllowed, "\(name) may not join: \(why)")
    case .notJoined(let why):
      self.init(.unavailable, "\(name) did not join in time: \(why)")
    case .excluded, .incomplete, .left:
      self.init(.tryAgain, "\(name) is no longer a member: \(reason)")
    }
  }

  /// `refused`: what it means that the node will not do it: where something was asked for, that
  /// there is no such thing.
  init(_ failure: NodeClient.Failure, refused code: JobError.Code = .badInput) {
    switch failure {
    case .unavailable(let why):
      self.init(
        .unavailable, "nothing can be done now: \(why)",
        advice: "try again; a change that was asked for may have happened or not")
    case .busy(let why): self.init(.unavailable, why, advice: "try again")
    case .refused(let why): self.init(code, why)
    case .connection(let error): self.init(error)
    }
  }
}
