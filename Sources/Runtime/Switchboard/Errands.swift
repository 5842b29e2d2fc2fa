// SPDX-License-Identifier: Apache-2.0
import CSystem
import Fabrics
import Glibc
import Synchronization
import Vocabulary

/// What other threads want of the switchboard's.
enum Errand: Sendable {
  case letter([UInt8], Correspondent)
  case letterOnce([UInt8], address: String)
  case answer(ConnectionID, [UInt8])
  case forget(NodeID)
  /// The addresses of a link have been found.
  case found(link: Int, Result<[SocketAddress], FabricError>)
  /// The polling thread has taken its letters.
  case resume
  case close
}

/// Errands that wait, and the bell that wakes the switchboard's thread.
final class Errands: Sendable {
  private struct Waiting {
    var errands: [Errand] = []
    var letterBytes = 0
    /// Nobody takes errands any more.
    var isClosed = false
  }

  /// Bytes of letters that wait here at most. The thread takes them at once, so this is reached
  /// only where it gets no processor.
  private static let letterBytesMaximum = 64 << 20

  private let waiting = Mutex(Waiting())
  let bell: Descriptor

  init() throws(FabricError) {
    let number = mapred_event()
    guard number >= 0 else { throw .system("cannot make an event counter", errno) }
    bell = Descriptor(number)
  }

  func post(_ errand: Errand) {
    let bytes =
      switch errand {
      case .letter(let bytes, _), .letterOnce(let bytes, _): bytes.count
      default: 0
      }
    let mustRing = waiting.withLock { waiting in
      let hasRoom = bytes == 0 || waiting.letterBytes + bytes <= Self.letterBytesMaximum
      guard hasRoom, !waiting.isClosed else { return false }
      if case .close = errand { waiting.isClosed = true }
      waiting.letterBytes += bytes
      waiting.errands.append(errand)
      return waiting.errands.count == 1
    }
    if mustRing { ring() }
  }

  private func ring() {
    var one: UInt64 = 1
    _ = unsafe write(bell.number, &one, 8)
  }

  /// Takes all errands; `errands` is empty before.
  func take(into errands: inout [Errand]) {
    var count: UInt64 = 0
    _ = unsafe read(bell.number, &count, 8)
    waiting.withLock { waiting in
      swap(&waiting.errands, &errands)
      waiting.letterBytes = 0
    }
  }
}
