// SPDX-License-Identifier: Apache-2.0
import Fabrics
import Vocabulary

/// What all connections of a switchboard share.
struct Desk {
  let watch: Watch
  let intake: Intake
  let scratch: Scratch
  let errands: Errands
}

/// The switchboard's thread: waits for sockets and errands, lets connections act, and hands what
/// has come to the polling thread, once for each turn.
///
/// `@unchecked Sendable`, because the thread that makes it touches it before `run`, and the one
/// that runs it alone after that.
final class SwitchLoop: @unchecked Sendable {
  /// The bell of the errands as something to wait for.
  private final class Bell: Watched {
    private let errands: Errands
    var place: Int?
    var hasRung = false

    init(_ errands: Errands) { self.errands = errands }

    var descriptor: Int32 { errands.bell.number }
    var interest: Interest { .reading }
    func ready(_ change: Epoll.Change) { hasRung = true }
  }

  /// How long to sleep where nothing has a deadline.
  private static let sleepNanoseconds: UInt64 = 60_000_000_000

  private let desk: Desk
  private let bell: Bell
  private let office: LetterOffice
  private let clients: ClientDesk
  private var taken: [Errand] = []
  private var isClosing = false

  init(
    _ listener: Socket, _ path: PathListener?, _ introduction: NodeIntroduction,
    _ settings: SwitchboardSettings, _ arrivals: Arrivals, _ errands: Errands
  ) throws(FabricError) {
    desk = Desk(
      watch: try Watch(), intake: Intake(arrivals, settings), scratch: Scratch(), errands: errands)
    bell = Bell(errands)
    office = LetterOffice(listener, introduction, settings, desk)
    clients = ClientDesk(path, settings, desk)
    desk.watch.add(bell)
  }

  func run() {
    while !isClosing {
      let now = monotonicNanoseconds()
      let deadlines = [office.deadline, clients.deadline].compactMap { $0 }
      desk.watch.wait(until: deadlines.min() ?? now + Self.sleepNanoseconds, now: now)
      let later = monotonicNanoseconds()
      if bell.hasRung { runErrands(later) }
      office.tick(later)
      clients.tick(later)
      office.flush()
      clients.flush()
      desk.intake.deliver()
    }
    office.close()
    clients.close()
  }

  private func runErrands(_ now: UInt64) {
    bell.hasRung = false
    desk.errands.take(into: &taken)
    for errand in taken {
      switch errand {
      case .letter(let bytes, let peer): office.send(bytes, to: peer, now)
      case .letterOnce(let bytes, let address): office.sendOnce(bytes, to: address, now)
      case .answer(let client, let bytes): clients.answer(client, bytes)
      case .forget(let id): office.forget(id)
      case .found(let link, let result): office.found(link, result, now)
      case .resume: office.resume()
      case .close: isClosing = true
      }
    }
    taken.removeAll(keepingCapacity: true)
  }
}
