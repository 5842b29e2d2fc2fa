// SPDX-License-Identifier: Apache-2.0

/// What has happened since they were handed over last. The switchboard's thread alone has it.
final class Intake {
  /// Notes about refusals that wait at most: strangers make as many as they like.
  private static let refusalMaximum = 256

  private let arrivals: Arrivals
  private let settings: SwitchboardSettings
  private var events: [SwitchEvent] = []
  private var requests = 0
  private var refusals = 0
  private(set) var letterBytes = 0

  init(_ arrivals: Arrivals, _ settings: SwitchboardSettings) {
    self.arrivals = arrivals
    self.settings = settings
  }

  /// Whether no more letters should be read for now.
  var isFullOfLetters: Bool { arrivals.letters + letterBytes >= settings.waitingLetterBytes }

  func append(_ event: SwitchEvent) {
    switch event {
    case .refused, .unanswered:
      guard refusals < Self.refusalMaximum else { return }
      refusals += 1
    case .letter(let letter): letterBytes += letter.bytes.count
    case .request: requests += 1
    case .unreachable, .clientGone: break
    }
    events.append(event)
  }

  /// Whether there is room for one more request.
  var hasRoomForRequest: Bool { requests + arrivals.requests < settings.waitingRequests }

  func deliver() {
    guard !events.isEmpty else { return }
    arrivals.deliver(&events, requests: requests, letterBytes: letterBytes)
    requests = 0
    refusals = 0
    letterBytes = 0
  }

  func stall() -> Bool { arrivals.stall(above: settings.waitingLetterBytes) }
}
