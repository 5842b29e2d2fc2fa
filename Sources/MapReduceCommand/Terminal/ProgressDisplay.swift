// SPDX-License-Identifier: Apache-2.0
import Exchange
import MapReduce
import Synchronization
import Vocabulary

/// Shows how far a job is: a line that moves on a terminal, else one line every ten seconds.
final class ProgressDisplay: RunObserver, Sendable {
  private struct State {
    var current: StageProgress?
    /// What a job is doing that runs elsewhere.
    var note: String?
    var began = ContinuousClock.now
    var nextLine = ContinuousClock.now + .seconds(10)
    var hasLine = false
  }

  private let state = Mutex(State())
  private let isQuiet: Bool
  private let isInteractive = Terminal.isInteractive

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func stageBegan(_ progress: StageProgress) {
    state.withLock {
      $0.current = progress
      $0.began = .now
    }
  }

  func stageEnded(_ progress: StageProgress) {
    stageEnded(progress.stage, progress.counts)
  }

  func stageEnded(_ stage: StageDescription, _ counts: StageCounts) {
    state.withLock { state in
      clear(&state)
      state.current = nil
      // A stage that was cut short has no time.
      guard !isQuiet, counts.nanoseconds > 0 else { return }
      let seconds = Double(counts.nanoseconds) / 1e9
      Terminal.say(
        "\(stage.id)  \(stage.name)  \(ByteCount(counts.bytesRead))"
          + "  \(counts.recordsRead.grouped) → \(counts.recordsOut.grouped) records"
          + "  \(Self.rate(counts.bytesRead, seconds))\(Self.seconds(seconds))")
    }
  }

  /// Shows from now on what a job is doing that runs elsewhere; nil: nothing any more.
  func note(_ text: String?) {
    state.withLock { state in
      clear(&state)
      state.note = text
      state.began = .now
    }
  }

  /// Says something between the lines of progress.
  func say(_ text: String) {
    guard !isQuiet else { return }
    state.withLock { state in
      clear(&state)
      Terminal.say(text)
    }
  }

  /// Called a few times a second while the job runs.
  func refresh() {
    guard !isQuiet else { return }
    state.withLock { state in
      let now = ContinuousClock.now
      guard let text = line(state, now) else { return }
      if isInteractive {
        // Short stages need no moving line.
        guard now - state.began > .milliseconds(300) else { return }
        Terminal.sayRaw("\r\u{1B}[2K" + text)
        state.hasLine = true
      } else if now >= state.nextLine {
        state.nextLine = now + .seconds(10)
        Terminal.say(text)
      }
    }
  }

  private func line(_ state: State, _ now: ContinuousClock.Instant) -> String? {
    let elapsed = now - state.began
    if let progress = state.current { return line(progress, elapsed) }
    return state.note.map { "\($0)  \(Self.seconds(elapsed / .seconds(1)))" }
  }

  private func clear(_ state: inout State) {
    if state.hasLine { Terminal.sayRaw("\r\u{1B}[2K") }
    state.hasLine = false
  }

  private func line(_ progress: StageProgress, _ elapsed: Duration) -> String {
    let counts = progress.counts
    let seconds = max(elapsed / .seconds(1), 0.001)
    var parts = ["\(progress.stage.id)  \(progress.stage.name)"]
    if let total = progress.totalBytes, total > 0 {
      let share = min(1, Double(counts.bytesRead) / Double(total))
      let filled = Int(share * 16)
      parts.append(
        String(repeating: "█", count: filled) + String(repeating: "░", count: 16 - filled))
      parts.append("\(Int(share * 100)) %")
    }
    parts.append("\(ByteCount(counts.bytesRead))")
    parts.append("\(counts.recordsRead.grouped) records")
    parts.append(Self.rate(counts.bytesRead, seconds) + Self.remaining(progress, counts, seconds))
    return parts.joined(separator: "  ")
  }

  private static func rate(_ bytes: Int, _ seconds: Double) -> String {
    bytes == 0 ? "" : "\(ByteCount(Int(Double(bytes) / max(seconds, 1e-6))))/s  "
  }

  private static func remaining(
    _ progress: StageProgress, _ counts: StageCounts, _ seconds: Double
  ) -> String {
    guard let total = progress.totalBytes, counts.bytesRead > 0, counts.bytesRead < total else {
      return ""
    }
    let left = seconds * Double(total - counts.bytesRead) / Double(counts.bytesRead)
    return "ETA \(Self.seconds(left))"
  }

  static func seconds(_ seconds: Double) -> String {
    if seconds >= 120 { return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s" }
    if seconds >= 10 { return "\(Int(seconds.rounded())) s" }
    let hundredths = Int((seconds * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) s"
  }
}
